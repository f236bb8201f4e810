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
          jobID: id, state: state.rawValue, wanted: "not finished yet can be cancelled, so this")
      }
      try db.run(
        "UPDATE jobs SET cancel_requested_at = ? WHERE id = ? AND cancel_requested_at IS NULL", [now, id])
      return try Self.state(of: id, in: db)
    }
  }

  /// Sets a failed or cancelled job going again with fresh budgets, and with it the jobs that failed because of it,
  /// save those that another failed job still holds back.
  /// - Returns: the ids that wait again, `id` first.
  /// - Throws: ``QueueError/noSuchJob(_:)``; ``QueueError/wrongState(jobID:state:wanted:)`` for any other state;
  ///   ``QueueError/waitsForFailed(jobID:parent:)`` when it would wait for ever.
  package func retry(_ id: JobID) async throws -> [JobID] {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      let state = try Self.state(of: id, in: db)
      guard state == .failed || state == .cancelled else {
        throw QueueError.wrongState(
          jobID: id, state: state.rawValue, wanted: "failed or cancelled can be retried, so this")
      }
      if let parent = try Self.failedParent(of: id, in: db) {
        throw QueueError.waitsForFailed(jobID: id, parent: parent)
      }
      try Self.revive(id, now, in: db)
      var revived = [id]
      var dependents = try Self.failedDependents(of: id, in: db)
      // From parents to children: who has no failed parent any more goes with them.
      while let index = try dependents.firstIndex(where: { try Self.failedParent(of: $0, in: db) == nil }) {
        let dependent = dependents.remove(at: index)
        try Self.revive(dependent, now, in: db)
        revived.append(dependent)
      }
      return revived
    }
  }

  private static func failedParent(of id: JobID, in db: Database) throws -> JobID? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT depends_on FROM job_dependencies JOIN jobs ON jobs.id = depends_on
        WHERE job_id = ? AND jobs.state IN ('failed', 'cancelled') ORDER BY depends_on LIMIT 1
        """)
    return try Int64.fetchOne(statement, arguments: [id])
  }

  private static func failedDependents(of id: JobID, in db: Database) throws -> [JobID] {
    let statement = try db.cachedStatement(
      sql: """
        WITH RECURSIVE dependent (id) AS (
          SELECT job_id FROM job_dependencies WHERE depends_on = ?
          UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
        SELECT jobs.id FROM jobs JOIN dependent USING (id)
        WHERE state = 'failed' AND json_extract(error, '$.class') = 'dependency_failed' ORDER BY jobs.id
        """)
    return try Int64.fetchAll(statement, arguments: [id])
  }

  /// Back to the waiting jobs. The run_at it had may be a retry's, long past or far away.
  private static func revive(_ id: JobID, _ now: Int64, in db: Database) throws {
    let isBlocked = try Bool.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT EXISTS (SELECT 1 FROM job_dependencies JOIN jobs ON jobs.id = depends_on
            WHERE job_id = ? AND jobs.state <> 'completed')
          """), arguments: [id])
    let waits = isBlocked ?? false
    try db.run(
      """
      UPDATE jobs SET state = ?, attempt = 0, crashes = 0, error = NULL, cancel_requested_at = NULL,
        progress = NULL, progress_message = NULL, finished_at = NULL, run_at = NULL, available_at = ?,
        dedup_key = CASE WHEN EXISTS (
          SELECT 1 FROM jobs AS twin WHERE twin.dedup_key IS NOT NULL
            AND \(SchemaTables.isWaiting("twin.state"))
            AND (twin.dedup_key, twin.step, twin.tenant) = (jobs.dedup_key, jobs.step, jobs.tenant))
          THEN NULL ELSE dedup_key END
      WHERE id = ?
      """, [waits ? "blocked" : "available", waits ? nil : now, id])
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

  private static func state(of id: JobID, in db: Database) throws -> JobState {
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
