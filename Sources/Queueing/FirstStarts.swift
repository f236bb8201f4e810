import GRDB
package import Jobs

extension JobQueue {
  /// When those of these jobs that asked for other jobs were first started; since the last `retry` by hand, if there was
  /// one. `started_at` is only that of their last run.
  package func firstStarts(of jobs: [JobID]) async throws -> [JobID: Timestamp] {
    if jobs.isEmpty { return [:] }
    let ids = JSONValue.array(jobs.map { .integer($0) }).text
    return try await read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT given.value, (
              SELECT min(at) FROM job_events WHERE job_id = given.value AND kind = 'started' AND id > ifnull((
                SELECT max(id) FROM job_events WHERE job_id = given.value AND kind = 'retried'), 0)) AS first
            FROM json_each(?) AS given
            WHERE EXISTS (SELECT 1 FROM job_dependencies WHERE job_id = given.value AND is_child)
              AND first IS NOT NULL
            """), arguments: [ids]
      ).reduce(into: [:]) { $0[$1[0]] = Timestamp(milliseconds: $1[1]) }
    }
  }
}
