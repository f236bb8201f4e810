import Jobs
import Queueing
import SystemPackage

extension JobDetails {
  /// - Returns: `nil` when there is no such job.
  init?(of id: JobID, in queue: JobQueue, dataDirectory: FilePath) async throws {
    guard let job = try await queue.job(id) else { return nil }
    self.init(
      job: job, artifacts: try await queue.artifacts(of: id), dependencies: try await queue.dependencyResults(of: id),
      maker: try await queue.maker(for: id), events: try await queue.events(of: id),
      logDirectory: job.fence > 0 ? dataDirectory.appending("logs/attempt-\(job.token)").string : nil)
    if !job.state.isFinal { eta = try await queue.forecast(for: [job]).eta(of: id) }
  }
}
