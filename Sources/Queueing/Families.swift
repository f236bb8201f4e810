import GRDB
package import Jobs

/// Who waits for whom.
extension JobQueue {
  /// The jobs that `jobID` waits for or waited for, in the order of their ids.
  package func dependencyResults(of jobID: JobID) async throws -> [DependencyResult] {
    try await read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT id, step, parameters, state, outcome, progress, result, is_child, tenant
            FROM job_dependencies JOIN jobs ON jobs.id = depends_on WHERE job_id = ? ORDER BY id
            """), arguments: [jobID]
      ).map(DependencyResult.init(row:))
    }
  }

  /// What each of these jobs still waits for, in the order of their ids, be it done first or done by another; jobs that
  /// wait for nothing are left out.
  package func unfinishedDependencies(of jobs: some Collection<JobID> & Sendable) async throws -> [JobID: [JobID]] {
    if jobs.isEmpty { return [:] }
    let ids = JSONValue.array(jobs.map { .integer($0) }).text
    return try await read { db in
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT job_id, depends_on FROM json_each(?1) AS given
              JOIN job_dependencies ON job_id = given.value JOIN jobs ON jobs.id = depends_on
            WHERE jobs.finished_at IS NULL
            UNION SELECT job_id, maker_id FROM json_each(?1) AS given JOIN derivation_waits ON job_id = given.value
            ORDER BY 1, 2
            """), arguments: [ids])
      return rows.reduce(into: [:]) { result, row in result[row[0], default: []].append(row[1]) }
    }
  }

  /// Those of `jobs` that are not final. Ids of no job are left out.
  package func unfinished(among jobs: Set<JobID>) async throws -> Set<JobID> {
    if jobs.isEmpty { return [] }
    let ids = JSONValue.array(jobs.map { .integer($0) }).text
    return try await read { db in
      try Int64.fetchSet(
        db.cachedStatement(
          sql: "SELECT jobs.id FROM json_each(?) AS given JOIN jobs ON jobs.id = given.value WHERE finished_at IS NULL"),
        arguments: [ids])
    }
  }

  /// How many jobs of a queue may run at once over all workers, as the database says now. A queue without a row gets 1
  /// with its first job.
  package func maxConcurrency(of queue: QueueName) async throws -> Int {
    try await read { db in
      try Int.fetchOne(
        db.cachedStatement(sql: "SELECT max_concurrency FROM worker_configs WHERE queue_name = ?"),
        arguments: [queue.rawValue]) ?? 1
    }
  }
}

extension DependencyResult {
  /// - Throws: ``QueueError/unreadable(path:reason:)`` when the row holds what this binary does not know.
  fileprivate init(row: Row) throws {
    let id: JobID = row[0]
    guard let state = JobState(rawValue: row[3]) else {
      throw QueueError.unreadable(path: "job \(id)", reason: "its state is unknown to this version")
    }
    self.init(
      jobID: id, step: StepName(rawValue: row[1]), tenant: row[8], parameters: try JSONValue(parsing: row[2] as String),
      state: state,
      outcome: (row[4] as String?).flatMap(JobOutcome.init(rawValue:)), progress: row[5],
      result: try (row[6] as String?).map { try JSONValue(parsing: $0) }, isChild: row[7])
  }
}
