import GRDB
package import Jobs

/// A queue as `stepworks queues` shows it: its row in `worker_configs` and what is in it.
package struct QueueStatus: Sendable, Hashable {
  package var name: QueueName
  package var maxConcurrency: Int
  package var minConcurrency: Int
  package var paused: Bool
  package var maxPerTenant: Int?
  package var maxStartsPerMinute: Int?
  package var running: Int
  package var available: Int
  package var scheduled: Int
  package var blocked: Int
  package var oldestAvailableAt: Timestamp?
}

/// Which jobs to list.
package struct JobFilter: Sendable {
  package var states: Set<JobState>
  package var steps: Set<StepName>
  package var queue: QueueName?
  package var tenant: String?
  /// The newest this many.
  package var limit: Int

  package init(
    states: Set<JobState> = [], steps: Set<StepName> = [], queue: QueueName? = nil, tenant: String? = nil,
    limit: Int = 50
  ) {
    self.states = states
    self.steps = steps
    self.queue = queue
    self.tenant = tenant
    self.limit = limit
  }
}

extension JobQueue {
  /// `nil` when there is no such job.
  package func job(_ id: JobID) async throws -> Job? {
    try await read { db in
      try Row.fetchOne(db.cachedStatement(sql: "SELECT \(JobRow.columns) FROM jobs WHERE id = ?"), arguments: [id])
        .map(Job.init(row:))
    }
  }

  /// Newest first.
  package func jobs(_ filter: JobFilter = JobFilter()) async throws -> [Job] {
    try await read { db in
      var conditions: [String] = []
      var arguments = StatementArguments()
      func require(_ column: String, in values: [String]) {
        guard !values.isEmpty else { return }
        conditions.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
        arguments += StatementArguments(values)
      }
      require("state", in: filter.states.map(\.rawValue).sorted())
      require("step", in: filter.steps.map(\.rawValue).sorted())
      require("queue", in: filter.queue.map { [$0.rawValue] } ?? [])
      require("tenant", in: filter.tenant.map { [$0] } ?? [])
      let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
      return try Row.fetchAll(
        db, sql: "SELECT \(JobRow.columns) FROM jobs \(clause) ORDER BY id DESC LIMIT ?",
        arguments: arguments + [filter.limit]
      ).map(Job.init(row:))
    }
  }

  /// The events after `id`, oldest first.
  /// - Parameter jobID: only those of one job.
  package func events(after id: Int64 = 0, of jobID: JobID? = nil, limit: Int = 1000) async throws -> [JobEvent] {
    try await read { db in
      let condition = jobID == nil ? "" : "AND job_id = ?"
      let arguments: StatementArguments = [id] + StatementArguments(jobID.map { [$0] } ?? []) + [limit]
      return try Row.fetchAll(
        db,
        sql: """
          SELECT id, job_id, at, kind, fence, worker_id, detail FROM job_events WHERE id > ? \(condition)
          ORDER BY id LIMIT ?
          """, arguments: arguments
      ).compactMap { row in
        // A kind that a later version writes is not ours to show.
        guard let kind = JobEventKind(rawValue: row[3]) else { return nil }
        let detail: String? = row[6]
        return JobEvent(
          id: row[0], jobID: row[1], at: Timestamp(milliseconds: row[2]), kind: kind, fence: row[4], workerID: row[5],
          detail: try detail.map { try JSONValue(parsing: $0) })
      }
    }
  }

  /// The id of the newest event, 0 when there is none: where following starts.
  package func lastEventID() async throws -> Int64 {
    try await read { db in try Int64.fetchOne(db, sql: "SELECT max(id) FROM job_events") ?? 0 }
  }

  package func queues() async throws -> [QueueStatus] {
    try await read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM queue_status ORDER BY queue_name").map { row in
        QueueStatus(
          name: QueueName(rawValue: row["queue_name"]), maxConcurrency: row["max_concurrency"],
          minConcurrency: row["min_concurrency"], paused: row["paused"], maxPerTenant: row["max_per_tenant"],
          maxStartsPerMinute: row["max_starts_per_minute"], running: row["running"], available: row["available"],
          scheduled: row["scheduled"], blocked: row["blocked"],
          oldestAvailableAt: (row["oldest_available_at"] as Int64?).map { Timestamp(milliseconds: $0) })
      }
    }
  }

  /// The jobs that `jobID` waits for or waited for.
  package func dependencies(of jobID: JobID) async throws -> [JobID] {
    try await read { db in
      try Int64.fetchAll(
        db, sql: "SELECT depends_on FROM job_dependencies WHERE job_id = ? ORDER BY depends_on", arguments: [jobID])
    }
  }

  /// Leases that are running, whoever has them.
  package func runningLeases() async throws -> Set<LeaseToken> {
    try await read { db in
      Set(
        try Row.fetchAll(db, sql: "SELECT id, fence FROM jobs WHERE state = 'running'").map {
          LeaseToken(jobID: $0[0], fence: $0[1])
        })
    }
  }
}
