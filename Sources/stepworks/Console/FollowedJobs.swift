import Jobs
import Queueing

/// Final jobs with what they made.
struct FollowedJobs {
  private let entries: [(job: Job, artifacts: [Artifact])]

  init(_ jobs: [Job], in queue: JobQueue) async throws {
    var entries: [(job: Job, artifacts: [Artifact])] = []
    for job in jobs { entries.append((job, try await queue.artifacts(of: job.id))) }
    self.entries = entries
  }

  var documents: [JSONValue] {
    entries.map { entry in
      var members = Documents.job(entry.job)
      members["artifacts"] = .array(entry.artifacts.map(Documents.artifact))
      return .object(members)
    }
  }

  /// One line an artifact, role and path with a tab between: `cut -f2` gives the paths. Of a delivery, where its files
  /// went.
  func printPaths() {
    for (job, artifacts) in entries {
      for artifact in artifacts { Terminal.print("\(artifact.role)\t\(artifact.path)") }
      guard job.step == "deliver", let files = job.result?["files"]?.arrayValue else { continue }
      for file in files {
        Terminal.print("\(file["role"]?.stringValue ?? "")\t\(file["path"]?.stringValue ?? "")")
      }
    }
  }

  /// - Throws: ``CommandFailure``: `jobFailed` before `jobCancelled`.
  func throwFailure() throws {
    let failures = entries.map(\.job).compactMap { job -> CommandFailure? in
      switch job.state {
      case .failed:
        CommandFailure(.jobFailed, "Job \(job.id) failed: \(job.error?.message ?? "no reason is recorded")")
      case .cancelled:
        CommandFailure(.jobCancelled, "Job \(job.id) was cancelled.")
      default: nil
      }
    }
    guard let worst = failures.min(by: { $0.status.rawValue < $1.status.rawValue }) else { return }
    for failure in failures where failure.description != worst.description { Terminal.tell("stepworks: \(failure)") }
    throw worst
  }
}
