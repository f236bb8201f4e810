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
  /// Only those created at this time or later.
  package var since: Timestamp?
  /// The newest this many.
  package var limit: Int

  package init(
    states: Set<JobState> = [], steps: Set<StepName> = [], queue: QueueName? = nil, tenant: String? = nil,
    since: Timestamp? = nil, limit: Int = 50
  ) {
    self.states = states
    self.steps = steps
    self.queue = queue
    self.tenant = tenant
    self.since = since
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
      if let since = filter.since {
        conditions.append("created_at >= ?")
        arguments += [since.milliseconds]
      }
      let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
      return try Row.fetchAll(
        db, sql: "SELECT \(JobRow.columns) FROM jobs \(clause) ORDER BY id DESC LIMIT ?",
        arguments: arguments + [filter.limit]
      ).map(Job.init(row:))
    }
  }

  /// The events after `id`, oldest first.
  /// - Parameters:
  ///   - jobID: only those of one job.
  ///   - kinds: only these; empty: all.
  package func events(
    after id: Int64 = 0, of jobID: JobID? = nil, kinds: Set<JobEventKind> = [], limit: Int = 1000
  ) async throws -> [JobEvent] {
    try await read { db in
      let (condition, arguments) = Self.condition(after: id, jobID, kinds)
      return try Self.events(where: "\(condition) ORDER BY id LIMIT ?", arguments: arguments + [limit], in: db)
    }
  }

  /// The event after which the newest `count` of these begin, 0 when there are no more.
  package func position(
    ofLast count: Int, of jobID: JobID? = nil, kinds: Set<JobEventKind> = []
  ) async throws -> Int64 {
    try await read { db in
      let (condition, arguments) = Self.condition(after: 0, jobID, kinds)
      return try Int64.fetchOne(
        db, sql: "SELECT id FROM job_events WHERE \(condition) ORDER BY id DESC LIMIT 1 OFFSET ?",
        arguments: arguments + [count]) ?? 0
    }
  }

  private static func condition(
    after id: Int64, _ jobID: JobID?, _ kinds: Set<JobEventKind>
  ) -> (String, StatementArguments) {
    var condition = "id > ?"
    var arguments: StatementArguments = [id]
    if let jobID {
      condition += " AND job_id = ?"
      arguments += [jobID]
    }
    if !kinds.isEmpty {
      condition += " AND kind IN (\(kinds.map { _ in "?" }.joined(separator: ", ")))"
      arguments += StatementArguments(kinds.map(\.rawValue).sorted())
    }
    return (condition, arguments)
  }

  static func events(where clause: String, arguments: StatementArguments, in db: Database) throws -> [JobEvent] {
    try Row.fetchAll(
      db, sql: "SELECT id, job_id, at, kind, fence, worker_id, detail FROM job_events WHERE \(clause)",
      arguments: arguments
    ).compactMap { row in
      // A kind that a later version writes is not ours to show.
      guard let kind = JobEventKind(rawValue: row[3]) else { return nil }
      let detail: String? = row[6]
      return JobEvent(
        id: row[0], jobID: row[1], at: Timestamp(milliseconds: row[2]), kind: kind, fence: row[4], workerID: row[5],
        detail: try detail.map { try JSONValue(parsing: $0) })
    }
  }

  /// The id of the newest event, 0 when there is none.
  package func lastEventID() async throws -> Int64 {
    try await read { db in try Int64.fetchOne(db, sql: "SELECT max(id) FROM job_events") ?? 0 }
  }

  /// The steps of these jobs; those that were deleted are left out.
  package func steps(of jobs: Set<JobID>) async throws -> [JobID: StepName] {
    let ids = JSONValue.array(jobs.map { .integer($0) }).text
    return try await read { db in
      try Row.fetchAll(
        db.cachedStatement(sql: "SELECT id, step FROM jobs WHERE id IN (SELECT value FROM json_each(?))"),
        arguments: [ids]
      ).reduce(into: [:]) { $0[$1[0]] = StepName(rawValue: $1[1]) }
    }
  }

  package func queues() async throws -> [QueueStatus] { try await read { try Self.queues(in: $0) } }

  static func queues(in db: Database) throws -> [QueueStatus] {
    try Row.fetchAll(db, sql: "SELECT * FROM queue_status ORDER BY queue_name").map { row in
      QueueStatus(
        name: QueueName(rawValue: row["queue_name"]), maxConcurrency: row["max_concurrency"],
        minConcurrency: row["min_concurrency"], paused: row["paused"], maxPerTenant: row["max_per_tenant"],
        maxStartsPerMinute: row["max_starts_per_minute"], running: row["running"], available: row["available"],
        scheduled: row["scheduled"], blocked: row["blocked"],
        oldestAvailableAt: (row["oldest_available_at"] as Int64?).map { Timestamp(milliseconds: $0) })
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
