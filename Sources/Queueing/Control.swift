import GRDB
package import Jobs

/// What an operator does to jobs and queues.
extension JobQueue {
  /// Cancels a waiting job at once; asks the worker of a running one to end its tool and cancel it.
  /// - Returns: the state right after: `cancelled`, or `running` while the tool is being ended.
  /// - Throws: ``QueueError/noSuchJob(_:)``; ``QueueError/wrongState(jobID:state:wanted:)`` for a final job.
  package func cancel(_ id: JobID) async throws -> JobState {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      let state = try Self.state(of: id, in: db)
      if state.isFinal {
        throw QueueError.wrongState(
          jobID: id, state: state.rawValue, wanted: "not finished yet can be cancelled")
      }
      try db.run(
        "UPDATE jobs SET cancel_requested_at = ? WHERE id = ? AND cancel_requested_at IS NULL", [now, id])
      return try Self.state(of: id, in: db)
    }
  }

  /// Changes a queue's row in `worker_configs`; `nil` leaves a value. Workers apply it at their next claim.
  package func configure(
    _ queue: QueueName, maxConcurrency: Int? = nil, minConcurrency: Int? = nil, paused: Bool? = nil,
    maxPerTenant: LimitChange = .keep, maxStartsPerMinute: LimitChange = .keep
  ) async throws {
    try await lane.write { db in
      let known = try String.fetchAll(db, sql: "SELECT queue_name FROM worker_configs ORDER BY queue_name")
      guard known.contains(queue.rawValue) else {
        throw QueueError.noSuchQueue(queue.rawValue, known: known)
      }
      try db.run(
        """
        UPDATE worker_configs SET max_concurrency = coalesce(?, max_concurrency),
          min_concurrency = coalesce(?, min_concurrency), paused = coalesce(?, paused),
          max_per_tenant = CASE ? WHEN 'keep' THEN max_per_tenant ELSE ? END,
          max_starts_per_minute = CASE ? WHEN 'keep' THEN max_starts_per_minute ELSE ? END
        WHERE queue_name = ?
        """,
        [
          maxConcurrency, minConcurrency, paused, maxPerTenant.word, maxPerTenant.value, maxStartsPerMinute.word,
          maxStartsPerMinute.value, queue.rawValue,
        ])
    }
  }

  static func state(of id: JobID, in db: Database) throws -> JobState {
    let text = try String.fetchOne(db.cachedStatement(sql: "SELECT state FROM jobs WHERE id = ?"), arguments: [id])
    guard let state = text.flatMap(JobState.init(rawValue:)) else { throw QueueError.noSuchJob(id) }
    return state
  }
}

/// A change of a limit that may also be absent.
package enum LimitChange: Sendable, Hashable {
  case keep
  case none
  case limit(Int)

  fileprivate var word: String { self == .keep ? "keep" : "set" }
  fileprivate var value: Int? { if case .limit(let value) = self { value } else { nil } }
}
