import Glibc
import Histogram
import Jobs
import MallocCount
import Synchronization
import Telemetry

/// What it costs a worker to measure: memory asked for and nanoseconds a run, beside the bare histogram of the package in the
/// same process. Ends with 1 when recording asks for memory.
@main
enum LatencyBenchmark {
  static func main() {
    let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 500_000
    let recorder = LatencyRecorder()
    let observations = observations()
    // Each set is seen first, in both of the sets of histograms that are written in turns.
    for _ in 0..<2 {
      for observation in observations { recorder.observe(observation) }
      _ = recorder.take()
    }
    for observation in observations { recorder.observe(observation) }

    var asked: UInt = 0
    let took = ContinuousClock().measure {
      let before = malloc_count()
      for index in 0..<count { recorder.observe(observations[index % observations.count]) }
      asked = malloc_count() - before
    }
    let durations = observations.reduce(0) { $0 + Self.durations(in: $1) } / observations.count
    let reference = reference(count * durations)
    print("requests for memory  \(asked) in \(count) runs of \(durations) durations each")
    print("one run              \(nanoseconds(took, by: count)) ns")
    print("one duration         \(nanoseconds(took, by: count * durations)) ns")
    print("bare histogram       \(nanoseconds(reference, by: count * durations)) ns a duration, behind a lock")
    guard asked == 0 else { exit(1) }
  }

  /// Runs of several steps, outcomes and lengths.
  private static func observations() -> [WorkerObservation] {
    ["export_glb", "render_thumbnail", "ping"].flatMap { (step: StepName) in
      let job = Job(
        id: 1, step: step, queue: "cad", parameters: .object([:]), state: .running, maxAttempts: 3, maxCrashes: 2,
        createdAt: Timestamp(milliseconds: 0))
      let kinds: [SettlementKind] = [
        .completed(.done), .completed(.cached), .failed(JobFailure(.invalidInput, "The file is empty.")),
      ]
      return kinds.flatMap { kind in
        [1, 30, 2000].map { milliseconds in
          let phases: [PhaseName] = ["snapshot", "launch", "read", "mesh", "check", "publish"]
          return WorkerObservation.jobSettled(
            job, kind,
            timings: RunTimings(
              wait: .milliseconds(milliseconds), start: .milliseconds(milliseconds),
              phases: phases.map { .init($0, .milliseconds(milliseconds)) }, settle: .microseconds(400),
              run: .milliseconds(6 * milliseconds)))
        }
      }
    }
  }

  private static func durations(in observation: WorkerObservation) -> Int {
    guard case .jobSettled(_, _, let timings) = observation else { return 0 }
    var count = 0
    timings.eachDuration { _, _ in count += 1 }
    return count
  }

  private static func reference(_ count: Int) -> Duration {
    let histogram = Mutex(Histogram<UInt32>(numberOfSignificantValueDigits: .three))
    histogram.withLock { _ = $0.record(12_000_000) }
    return ContinuousClock().measure {
      for index in 0..<count { histogram.withLock { _ = $0.record(UInt64(index % 12_000_000)) } }
    }
  }

  private static func nanoseconds(_ duration: Duration, by count: Int) -> Int {
    Int((duration.seconds * 1e9 / Double(count)).rounded())
  }
}
