import Jobs
import Synchronization
import Telemetry
import Testing

struct LatencyRecorderTests {
  private let recorder = LatencyRecorder()

  private func settle(_ kind: SettlementKind, run: Duration, phases: [RunTimings.Phase] = [], start: Duration? = nil) {
    recorder.observe(
      .jobSettled(
        Samples.job(), kind,
        timings: RunTimings(wait: .seconds(1), start: start, phases: phases, settle: .milliseconds(2), run: run)))
  }

  @Test func `Every duration of a run is kept under its step, phase and outcome`() {
    settle(.completed(.done), run: .seconds(4), phases: [.init("mesh", .seconds(3))], start: .milliseconds(50))
    let taken = recorder.take()
    #expect(Set(taken.keys.map(\.phase)) == ["wait", "start", "mesh", "settle", "run", "total"])
    #expect(taken[LatencyKey("export_glb", "mesh", .done)] == LatencyDistribution([.seconds(3)]))
    #expect(taken[LatencyKey("export_glb", "total", .done)] == LatencyDistribution([.seconds(5)]))
  }

  @Test func `Runs that fail or are cancelled are kept apart from those that complete`() {
    settle(.completed(.done), run: .seconds(4))
    settle(.failed(Samples.failure), run: .seconds(1))
    settle(.cancelled, run: .seconds(2))
    let taken = recorder.take()
    for (outcome, seconds) in [(RunOutcome.done, 4), (.failed, 1), (.cancelled, 2)] {
      #expect(taken[LatencyKey("export_glb", "run", outcome)] == LatencyDistribution([.seconds(seconds)]))
    }
  }

  @Test func `A tool that names ever more phases is told of once, and only so many are kept`() {
    let full = Mutex<[StepName]>([])
    let recorder = LatencyRecorder { step in full.withLock { $0.append(step) } }
    for number in 0..<(LatencyRecorder.phaseLimit + 10) {
      recorder.observe(
        .jobSettled(
          Samples.job(), .completed(.done),
          timings: RunTimings(phases: [.init(PhaseName(rawValue: "p\(number)"), .seconds(1))], run: .seconds(1))))
      if number == 20 { _ = recorder.take() }
    }
    let taken = recorder.take()
    #expect(taken.keys.filter { $0.phase.rawValue.hasPrefix("p") }.count == LatencyRecorder.phaseLimit - 21)
    #expect(taken[LatencyKey("export_glb", .run, .done)]?.count == UInt64(LatencyRecorder.phaseLimit + 10 - 21))
    #expect(full.withLock(\.self) == ["export_glb"])
  }

  @Test func `What was taken is not taken again`() {
    for round in 1...4 {
      for _ in 0..<round { settle(.completed(.done), run: .seconds(round)) }
      let taken = recorder.take()
      #expect(
        taken[LatencyKey("export_glb", "run", .done)]
          == LatencyDistribution(Array(repeating: .seconds(round), count: round)))
    }
    #expect(recorder.take().isEmpty)
    #expect(recorder.take().isEmpty)
  }

  @Test func `Counts of the recording are in the same places as those of the distribution`() {
    let durations = (0..<40).flatMap { power in [0, 1, 2].map { Duration.microseconds((1 << power) + $0 - 1) } }
    for duration in durations { settle(.completed(.done), run: duration) }
    #expect(recorder.take()[LatencyKey("export_glb", "run", .done)] == LatencyDistribution(durations))
  }

  @Test func `Nothing that happens before a job is settled is recorded`() {
    recorder.observe(.jobStarted(Samples.job(), wait: .seconds(1)))
    recorder.observe(.leaseLost(Samples.job()))
    #expect(recorder.take().isEmpty)
  }

  @Test func `Phases of runs that have them in another order, or not all, are told apart`() {
    settle(.completed(.done), run: .seconds(9), phases: [.init("read", .seconds(1)), .init("mesh", .seconds(2))])
    settle(.completed(.done), run: .seconds(9), phases: [.init("mesh", .seconds(3))])
    settle(.completed(.done), run: .seconds(9), phases: [.init("mesh", .seconds(4)), .init("read", .seconds(5))])
    let taken = recorder.take()
    #expect(
      taken[LatencyKey("export_glb", "mesh", .done)] == LatencyDistribution([.seconds(2), .seconds(3), .seconds(4)]))
    #expect(taken[LatencyKey("export_glb", "read", .done)] == LatencyDistribution([.seconds(1), .seconds(5)]))
    #expect(taken[LatencyKey("export_glb", "settle", .done)]?.count == 3)
  }
}
