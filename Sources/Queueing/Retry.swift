import GRDB
package import Jobs

extension JobQueue {
  /// Sets a failed or cancelled job going again with fresh budgets. With it go the jobs it had asked for that failed or
  /// were cancelled, and the jobs that failed because of it, save those that another failed job still holds back. What
  /// is completed stays so.
  /// - Returns: the ids that wait again, `id` first.
  /// - Throws: ``QueueError/noSuchJob(_:)``; ``QueueError/wrongState(jobID:state:wanted:)`` for any other state;
  ///   ``QueueError/waitsForFailed(jobID:parent:)`` when it would wait for ever.
  package func retry(_ id: JobID) async throws -> [JobID] {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      let state = try Self.state(of: id, in: db)
      guard state == .failed || state == .cancelled else {
        throw QueueError.wrongState(
          jobID: id, state: state.rawValue, wanted: "failed or cancelled can be retried")
      }
      var retry = Retry(now: now, db: db)
      try retry.mend(id)
      try retry.followDependents(of: id)
      return [id] + retry.revived.filter { $0 != id }
    }
  }
}

/// One retry: which jobs wait again so far.
private struct Retry {
  let now: Int64
  let db: Database
  var revived: [JobID] = []

  /// Sets a job and, before it, what it had asked for going again.
  mutating func mend(_ id: JobID) throws {
    if revived.contains(id) { return }
    for child in try children(of: id, where: "jobs.state IN ('failed', 'cancelled')") { try mend(child) }
    // A child that is being cancelled is wanted again: its worker hands it back instead, see Settler.cancel.
    for child in try children(of: id, where: "jobs.state = 'running' AND jobs.cancel_requested_at IS NOT NULL") {
      try db.run("UPDATE jobs SET cancel_requested_at = NULL WHERE id = ?", [child])
    }
    if let parent = try failedDependency(of: id) { throw QueueError.waitsForFailed(jobID: id, parent: parent) }
    try revive(id)
    revived.append(id)
  }

  /// From those waited for to those who wait: who has nobody failed before it any more goes with them.
  mutating func followDependents(of id: JobID) throws {
    var dependents = try failedDependents(of: id).filter { !revived.contains($0) }
    while let index = try dependents.firstIndex(where: { try isHeldBackByNobody($0) }) {
      try mend(dependents.remove(at: index))
    }
  }

  /// What was cancelled only because `id` did not go on does not hold it back.
  private func isHeldBackByNobody(_ id: JobID) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: """
        SELECT NOT EXISTS (SELECT 1 FROM job_dependencies JOIN jobs ON jobs.id = depends_on
          WHERE job_id = ? AND (jobs.state = 'failed'
            OR (jobs.state = 'cancelled' AND NOT (is_child AND cancel_requested_at IS NULL))))
        """)
    return try Bool.fetchOne(statement, arguments: [id]) ?? false
  }

  private func children(of id: JobID, where condition: String) throws -> [JobID] {
    try Int64.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT jobs.id FROM job_dependencies JOIN jobs ON jobs.id = depends_on
          WHERE job_id = ? AND is_child AND \(condition) ORDER BY jobs.id
          """), arguments: [id])
  }

  private func failedDependency(of id: JobID) throws -> JobID? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT depends_on FROM job_dependencies JOIN jobs ON jobs.id = depends_on
        WHERE job_id = ? AND jobs.state IN ('failed', 'cancelled') ORDER BY depends_on LIMIT 1
        """)
    return try Int64.fetchOne(statement, arguments: [id])
  }

  private func failedDependents(of id: JobID) throws -> [JobID] {
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
  private func revive(_ id: JobID) throws {
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
        dedup_key = \(HandBack.dedupKey)
      WHERE id = ?
      """, [waits ? "blocked" : "available", waits ? nil : now, id])
    try db.run(ParentProgress.update, [id])
  }
}
