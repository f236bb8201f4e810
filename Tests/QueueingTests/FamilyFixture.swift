import Foundation
import Jobs
import Queueing
import Testing

/// Parents and children, for the tests about jobs that ask for other jobs.
extension QueueFixture {
  /// Enqueues a job, claims it, and settles it as one that asks for `count` jobs of the step `work`.
  /// - Returns: the ids of the job and of those it asked for.
  func family(
    _ worker: TestWorker, children count: Int
  ) async throws -> (parent: JobID, children: [JobID]) {
    let parent = try await enqueue("free", key: UUID().uuidString)
    return try await ask(try await claim(parent, worker), count: count)
  }

  func ask(_ claimed: ClaimedJob, count: Int) async throws -> (parent: JobID, children: [JobID]) {
    let children = try await ask(claimed, for: (0..<count).map { _ in JobRequest(step: "work") })
    return (claimed.job.id, children)
  }

  /// Settles a run as one that asks for these jobs; the test fails unless it then waits for them.
  /// - Returns: their ids.
  @discardableResult
  func ask(
    _ claimed: ClaimedJob, for requests: [JobRequest], _ location: SourceLocation = #_sourceLocation
  ) async throws -> [JobID] {
    let standing = await settle(claimed, .awaiting(requests, reason: "It needs more."))
    guard case .settled(.awaiting(let children, reason: "It needs more.")) = standing else {
      Issue.record("\(standing)", sourceLocation: location)
      return []
    }
    return children
  }

  /// Claims this job and no other.
  func claim(_ id: JobID, _ worker: TestWorker, _ location: SourceLocation = #_sourceLocation) async throws
    -> ClaimedJob
  {
    try sql("UPDATE jobs SET priority = iif(id = \(id), 1000, 0) WHERE finished_at IS NULL;")
    let claimed = try await claimOne(worker, location)
    #expect(claimed.job.id == id, sourceLocation: location)
    return claimed
  }

  func complete(_ id: JobID, _ worker: TestWorker, _ location: SourceLocation = #_sourceLocation) async throws {
    #expect(
      await complete(try await claim(id, worker, location)) == .settled(.completed(.done)), sourceLocation: location)
  }

  func fail(
    _ id: JobID, _ worker: TestWorker, _ message: String = "part.step is empty.",
    _ location: SourceLocation = #_sourceLocation
  ) async throws {
    let claimed = try await claim(id, worker, location)
    await settle(claimed, .failed(JobFailure(.invalidInput, message), .fail))
    #expect(try await state(id) == .failed, sourceLocation: location)
  }

  /// Everything there is, to compare before and after.
  func everything() throws -> [String] {
    try sql("SELECT * FROM jobs; SELECT * FROM job_events; SELECT * FROM job_dependencies;")
  }
}
