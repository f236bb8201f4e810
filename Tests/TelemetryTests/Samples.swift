import Jobs
import Synchronization
import Telemetry

/// Jobs and lines for the tests of this target.
enum Samples {
  static func job(_ id: JobID = 12, step: StepName = "export_glb", queue: QueueName = "cad") -> Job {
    Job(
      id: id, step: step, queue: queue, parameters: .object([:]), state: .running, attempt: 1, maxAttempts: 3,
      maxCrashes: 2, fence: 3, createdAt: Timestamp(milliseconds: 0))
  }

  static let failure = JobFailure(.invalidInput, "part.step ends in the middle of a line; export it again.")
}

/// Collects what would be written.
final class WrittenLines: Sendable {
  private let text = Mutex("")

  var all: [String] { text.withLock { $0.split(separator: "\n").map(String.init) } }

  func write(_ line: String) { text.withLock { $0 += line } }
}
