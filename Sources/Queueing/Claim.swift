import GRDB
package import Jobs

/// What a worker may claim.
package struct ClaimScope: Sendable {
  package var workerID: WorkerID
  /// The steps it can run. Jobs of other steps are left alone, never failed.
  package var steps: Set<StepName>
  /// The queues it serves; `nil`: every one.
  package var queues: Set<QueueName>?

  package init(workerID: WorkerID, steps: Set<StepName>, queues: Set<QueueName>? = nil) {
    self.workerID = workerID
    self.steps = steps
    self.queues = queues
  }
}

extension JobQueue {
  /// Leases up to `limit` jobs, the highest priorities first, equal ones in the order of their ids.
  ///
  /// The limits of `worker_configs` are read and kept inside the transaction, over all daemons together.
  package func claim(_ scope: ClaimScope, limit: Int) async throws -> [ClaimedJob] {
    guard limit > 0 else { return [] }
    let now = clock.now()
    return try await lane.write { db in
      let candidates = try ClaimPlan(scope: scope, now: now, limit: limit).candidates(in: db)
      var jobs: [ClaimedJob] = []
      jobs.reserveCapacity(candidates.ids.count)
      for id in candidates.ids {
        let taken = try db.first(ClaimSQL.take, [scope.workerID, now.milliseconds, id]) { row in
          Result { try Job(row: row) }
        }
        switch taken {
        case .success(let job): jobs.append(ClaimedJob(job))
        case .failure(let error): try Self.fail(unreadable: id, error, now, in: db)
        case nil: throw QueueError.noSuchJob(id)
        }
      }
      for (queue, tokens) in candidates.tokensLeft {
        try db.run(
          "UPDATE worker_configs SET start_tokens = ?, start_tokens_at = ? WHERE queue_name = ?",
          [tokens, now.milliseconds, queue])
      }
      return jobs
    }
  }

  /// A row that can be stored but not read, such as a number beyond all bounds, must not stop the jobs behind it.
  private static func fail(unreadable id: JobID, _ error: any Error, _ now: Timestamp, in db: Database) throws {
    let failure = JobFailure(.invalidInput, "The parameters of job \(id) cannot be read: \(error).")
    try db.run(
      "UPDATE jobs SET state = 'failed', error = ?, finished_at = ?, worker_id = NULL WHERE id = ?",
      [failure.json, now.milliseconds, id])
  }

  /// Whether ``claim(_:limit:)`` would find something: a read, so an idle worker takes no write lock to look.
  package func hasClaimable(_ scope: ClaimScope) async throws -> Bool {
    let now = clock.now()
    return try await read { db in
      try !ClaimPlan(scope: scope, now: now, limit: 1).candidates(in: db).ids.isEmpty
    }
  }
}

/// Chooses the jobs that a claim takes.
private struct ClaimPlan {
  let scope: ClaimScope
  let now: Timestamp
  let limit: Int

  struct Candidates {
    var ids: [JobID] = []
    /// What a claim of these leaves in the token bucket of each queue with a start rate.
    var tokensLeft: [String: Double] = [:]
  }

  private struct Candidate {
    let id: JobID
    let priority: Int
    let queue: String
    let tenant: String
  }

  /// One queue's row of `worker_configs` and what it still allows.
  private struct Allowance {
    var free: Int
    let perTenant: Int?
    /// Only with a start rate.
    var tokens: Double?
    var tenants: [String: Int] = [:]
  }

  func candidates(in db: Database) throws -> Candidates {
    var allowances = try allowances(in: db)
    var found: [Candidate] = []
    for group in try waitingGroups(in: db) {
      guard let allowance = allowances[group.queue], allowance.free > 0 else { continue }
      if let perTenant = allowance.perTenant, allowance.tenants[group.tenant] == nil {
        allowances[group.queue]?.tenants[group.tenant] =
          try perTenant
          - Int.fetchOne(
            db.cachedStatement(sql: ClaimSQL.runningOfTenant),
            arguments: [group.queue, group.tenant])!
      }
      let statement = try db.cachedStatement(sql: ClaimSQL.candidates)
      let rows = try Row.fetchCursor(
        statement, arguments: [group.queue, group.step, group.tenant, min(limit, allowance.free)])
      while let row = try rows.next() {
        found.append(Candidate(id: row[0], priority: row[1], queue: group.queue, tenant: group.tenant))
      }
    }
    // One step and one tenant, the usual case, come sorted from the index.
    found.sort { ($1.priority, $0.id) < ($0.priority, $1.id) }
    return take(from: found, &allowances)
  }

  private func take(from found: [Candidate], _ allowances: inout [String: Allowance]) -> Candidates {
    var result = Candidates()
    for candidate in found where result.ids.count < limit {
      guard var allowance = allowances[candidate.queue], allowance.free > 0 else { continue }
      if allowance.perTenant != nil {
        guard let left = allowance.tenants[candidate.tenant], left > 0 else { continue }
        allowance.tenants[candidate.tenant] = left - 1
      }
      if let tokens = allowance.tokens {
        allowance.tokens = tokens - 1
        result.tokensLeft[candidate.queue] = tokens - 1
      }
      allowance.free -= 1
      allowances[candidate.queue] = allowance
      result.ids.append(candidate.id)
    }
    return result
  }

  /// Queues that are served, not paused, and not full.
  private func allowances(in db: Database) throws -> [String: Allowance] {
    var result: [String: Allowance] = [:]
    let statement = try db.cachedStatement(sql: ClaimSQL.allowances)
    let rows = try Row.fetchCursor(statement)
    while let row = try rows.next() {
      let queue: String = row[0]
      if let queues = scope.queues, !queues.contains(QueueName(rawValue: queue)) { continue }
      var allowance = Allowance(free: row[1], perTenant: row[2])
      if let rate = row[3] as Int? {
        // A clock that was set back must not keep the bucket empty until it has caught up: a minute fills it. A little
        // back is another worker that read its clock later and wrote first.
        let elapsed = now.milliseconds - (row[5] as Int64? ?? 0)
        let refill = elapsed < -60_000 ? Double(rate) : Double(max(elapsed, 0)) * Double(rate) / 60_000
        let tokens = min(Double(rate), (row[4] as Double? ?? Double(rate)) + refill)
        allowance.tokens = tokens
        allowance.free = min(allowance.free, Int(tokens))
      }
      if allowance.free > 0 { result[queue] = allowance }
    }
    return result
  }

  private struct Group {
    let queue: String
    let step: String
    let tenant: String
  }

  /// The queues, steps and tenants that have waiting jobs, by index seeks, however many jobs wait.
  private func waitingGroups(in db: Database) throws -> [Group] {
    let statement = try db.cachedStatement(sql: ClaimSQL.nextGroup)
    var groups: [Group] = []
    var last = Group(queue: "", step: "", tenant: "")
    while let row = try Row.fetchOne(statement, arguments: [last.queue, last.step, last.tenant]) {
      last = Group(queue: row[0], step: row[1], tenant: row[2])
      if scope.steps.contains(StepName(rawValue: last.step)) { groups.append(last) }
    }
    return groups
  }
}

/// The statements of a claim. Each reads an index that holds waiting or running rows only.
enum ClaimSQL {
  /// The group of waiting jobs after (queue ?1, step ?2, tenant ?3): a loose index scan. Written out as three seeks,
  /// because SQLite walks over all rows of the group to evaluate (queue, step, tenant) > (?1, ?2, ?3).
  static let nextGroup = """
    SELECT * FROM (SELECT queue, step, tenant FROM jobs WHERE state = 'available' AND queue IS NOT NULL
      AND queue = ?1 AND step = ?2 AND tenant > ?3 ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT queue, step, tenant FROM jobs WHERE state = 'available' AND queue IS NOT NULL
      AND queue = ?1 AND step > ?2 ORDER BY step, tenant LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT queue, step, tenant FROM jobs WHERE state = 'available' AND queue IS NOT NULL
      AND queue > ?1 ORDER BY queue, step, tenant LIMIT 1)
    LIMIT 1
    """

  static let candidates = """
    SELECT id, priority FROM jobs
    WHERE state = 'available' AND queue IS NOT NULL AND queue = ?1 AND step = ?2 AND tenant = ?3
    ORDER BY priority DESC, id LIMIT ?4
    """

  static let runningOfTenant = "SELECT count(*) FROM jobs WHERE state = 'running' AND queue = ?1 AND tenant = ?2"

  static let allowances = """
    SELECT queue_name, max_concurrency - (SELECT count(*) FROM jobs WHERE state = 'running' AND queue = queue_name),
      max_per_tenant, max_starts_per_minute, start_tokens, start_tokens_at
    FROM worker_configs WHERE paused = 0
    """

  static let take = """
    UPDATE jobs SET state = 'running', fence = fence + 1, attempt = attempt + 1, worker_id = ?1, started_at = ?2,
      progress = NULL, progress_message = NULL
    WHERE id = ?3 AND state = 'available' RETURNING \(JobRow.columns)
    """
}
