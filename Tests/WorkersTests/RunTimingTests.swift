import Jobs
import Synchronization
import Testing

@testable import Workers

struct RunTimingTests {
  private let time = ManualClock()

  @Test func `Each phase lasts until the next begins, and a phase entered twice adds up`() {
    let clock = RunClock(wait: .seconds(3), now: { [time] in time.now })
    time.advance(by: .seconds(1))
    #expect(clock.hear(.phase("mesh")) == .entered)
    time.advance(by: .seconds(2))
    #expect(clock.hear(.phase("check")) == .entered)
    time.advance(by: .seconds(4))
    #expect(clock.hear(.phase("mesh")) == .entered)
    time.advance(by: .seconds(8))
    clock.end()
    time.advance(by: .seconds(16))
    let timings = clock.timings()
    #expect(timings.phases == [.init("mesh", .seconds(10)), .init("check", .seconds(4))])
    #expect(timings.wait == .seconds(3))
    #expect(timings.settle == .seconds(16))
    #expect(timings.run == .seconds(31))
    #expect(timings.total == .seconds(34))
  }

  @Test func `A run without output has no start, and no phases`() {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    clock.end()
    #expect(clock.timings().start == nil)
    #expect(clock.timings().phases.isEmpty)
  }

  @Test func `A step's own phases are no output, its progress is`() {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    _ = clock.hear(.phase("snapshot"))
    _ = clock.hear(.log(.info, "reading"))
    time.advance(by: .seconds(1))
    _ = clock.hear(.progress(0, nil))
    time.advance(by: .seconds(1))
    _ = clock.hear(.progress(1, nil))
    #expect(clock.timings().start == .seconds(1))
  }

  @Test(arguments: [StepReport.phase("load"), .log(.warning, "an odd file"), .progress(0.1, nil)])
  func `The first word of a tool is output`(word: StepReport) {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    _ = clock.hear(.phase("snapshot"))
    time.advance(by: .seconds(1))
    _ = clock.hear(.toolStarted(ToolProcessRecord(tool: "t", runID: "r", pid: 1, startTicks: 1, bootID: "b")))
    time.advance(by: .seconds(1))
    _ = clock.hear(word)
    #expect(clock.timings().start == .seconds(2))
  }

  @Test func `What breaks the rule is ignored, and told once`() {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    _ = clock.hear(.phase("read"))
    time.advance(by: .seconds(1))
    guard case .refused(let reason?) = clock.hear(.phase("Part 7")) else {
      Issue.record("it was not refused, or not told")
      return
    }
    #expect(reason.contains("\"Part 7\""))
    #expect(clock.hear(.phase("Part 8")) == .refused(nil))
    #expect(clock.timings().phases.map(\.name) == ["read"])
  }

  @Test func `The seventeenth phase of a run is ignored, the sixteen go on`() {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    for number in 1...16 { #expect(clock.hear(.phase(PhaseName(rawValue: "p\(number)"))) == .entered) }
    #expect(clock.hear(.phase("p17")) != .entered)
    #expect(clock.hear(.phase("p3")) == .entered)
    time.advance(by: .seconds(1))
    clock.end()
    #expect(clock.timings()["p3"] == .seconds(1))
    #expect(clock.timings()["p17"] == nil)
  }

  @Test func `A word that comes after the end changes nothing`() {
    let clock = RunClock(wait: .zero, now: { [time] in time.now })
    _ = clock.hear(.phase("read"))
    clock.end()
    time.advance(by: .seconds(1))
    #expect(clock.hear(.phase("check")) == .refused(nil))
    #expect(clock.timings().phases == [.init("read", .zero)])
  }

  @Test(.timeLimit(.minutes(1)))
  func `A settled job tells its phases, whatever became of it`() async throws {
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { context in
        await context.phase("read")
        await context.phase("mesh")
        throw JobFailure(.invalidInput, "It has no surfaces.")
      }
    ])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id)
    }
    let settled = fixture.observer.all.compactMap { observation -> (SettlementKind, RunTimings)? in
      if case .jobSettled(_, let kind, let timings) = observation { (kind, timings) } else { nil }
    }
    let (kind, timings) = try #require(settled.first)
    #expect(kind.outcome == .failed)
    #expect(timings.phases.map(\.name) == ["read", "mesh"])
    #expect(timings.run > timings.settle)
    #expect(timings.settle > .zero)
    #expect(timings.run >= timings.phases.reduce(timings.settle) { $0 + $1.duration })
  }

  @Test(arguments: [
    ("mesh", true), ("a", true), ("read_2", true), (String(repeating: "a", count: 32), true),
    (String(repeating: "a", count: 33), false), ("", false), ("2d", false), ("_x", false), ("Mesh", false),
    ("mésh", false), ("a-b", false), ("wait", false), ("start", false), ("settle", false), ("run", false),
    ("total", false), ("publish", true),
  ])
  func `A phase has a plain name that is not one of what is measured anyway`(name: String, isAllowed: Bool) {
    #expect(PhaseName(rawValue: name).isAllowed == isAllowed)
  }
}

/// A monotonic clock that stands still unless it is told.
private final class ManualClock: Sendable {
  private let instant = Mutex(ContinuousClock.now)

  var now: ContinuousClock.Instant { instant.withLock { $0 } }
  func advance(by duration: Duration) { instant.withLock { $0 += duration } }
}
