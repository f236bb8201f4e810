import GRDB
import Jobs

/// What a job asked for cannot be added: a mistake of its step or of the parameters that the step passed on.
struct RefusedAwait: Error {
  /// One sentence.
  let reason: String
}

/// running → blocked, on jobs that are inserted in the same transaction.
extension Settler {
  /// - Returns: `nil` when the lease is lost: then nothing is inserted either.
  /// - Throws: ``RefusedAwait``, when the job must fail; the transaction is then rolled back.
  func block(on requests: [JobRequest], reason: String) throws -> SettlementKind? {
    guard let isCancelled = try isCancelRequested() else { return nil }
    if isCancelled { return try cancel() }
    try check(requests, reason)
    var children: [JobID] = []
    for request in requests {
      let child = try add(request)
      if !children.contains(child) { children.append(child) }
    }
    let workerID = try workerID()
    try block()
    for child in children { try link(to: child) }
    try HandBack.log(
      .awaiting, of: job.token, by: workerID, at: now,
      ["message": .string(reason), "jobs": .array(children.map { .integer($0) })], in: db)
    try db.run(ParentProgress.update, [job.id])
    return .awaiting(children, reason: reason)
  }

  /// running → blocked, at no cost; what it waits for is recorded in the same transaction.
  func block() throws {
    try db.run(
      """
      UPDATE jobs SET state = 'blocked', worker_id = NULL, attempt = attempt - 1, available_at = NULL,
        dedup_key = \(HandBack.dedupKey)
      WHERE id = ? AND fence = ? AND state = 'running'
      """, [job.id, job.fence])
    try db.run("DELETE FROM tool_processes WHERE job_id = ?", [job.id])
  }

  private func check(_ requests: [JobRequest], _ why: String) throws {
    guard !requests.isEmpty else {
      throw RefusedAwait(reason: "The step \(job.step) asked to wait for no job at all; this is a mistake of the step.")
    }
    guard requests.count <= StepAwait.maximumJobs else {
      throw RefusedAwait(
        reason:
          "The step \(job.step) asked for \(requests.count) jobs at once; \(StepAwait.maximumJobs) are the most that it may."
      )
    }
    let rounds = try Int.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT count(*) FROM job_events WHERE job_id = ?1 AND kind = 'awaiting'
            AND json_extract(detail, '$.derivation_key') IS NULL AND id > coalesce(
            (SELECT max(id) FROM job_events WHERE job_id = ?1 AND kind = 'retried'), 0)
          """), arguments: [job.id])
    if rounds ?? 0 >= StepAwait.maximumRounds {
      throw RefusedAwait(
        reason:
          "The step \(job.step) asked for other jobs \(StepAwait.maximumRounds) times and is still not content, the last time because: \(why) Look for what changes or removes what they made; if nothing does, this is a mistake of the step."
      )
    }
    let depth = try Int.fetchOne(
      db.cachedStatement(
        sql: """
          WITH RECURSIVE ancestor (id, depth) AS (
            SELECT ?1, 0
            UNION ALL SELECT parent_id, depth + 1 FROM jobs JOIN ancestor USING (id)
              WHERE parent_id IS NOT NULL AND depth < ?2)
          SELECT max(depth) FROM ancestor
          """), arguments: [job.id, StepAwait.maximumDepth])
    if depth ?? 0 >= StepAwait.maximumDepth {
      throw RefusedAwait(
        reason:
          "Jobs asked for jobs \(StepAwait.maximumDepth) times in a line, the last for the step \(requests[0].step); this is a mistake of the step \(job.step)."
      )
    }
  }

  private func add(_ request: JobRequest) throws -> JobID {
    var request = request
    request.tenant = job.tenant
    request.priority = min(job.priority + max(request.priority ?? 0, 0), 1000)
    do {
      if let twin = try JobQueue.runningTwin(of: request, in: db), twin != job.id { return twin }
      let result = try JobQueue.insert(request, now, in: db)
      switch result {
      case .inserted(let id): try adopt(id, as: job.id)
      case .duplicate(let twin): try giveBackToParent(twin)
      }
      return result.jobID
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      throw refusal(of: request, QueueError(error, path: "").description)
    } catch let error as QueueError {
      throw refusal(of: request, error.description)
    }
  }

  private func refusal(of request: JobRequest, _ reason: String) -> RefusedAwait {
    RefusedAwait(reason: "The step \(job.step) needs \(request.step) first, which cannot be added: \(reason)")
  }

  private func adopt(_ child: JobID, as parent: JobID) throws {
    try db.run("UPDATE jobs SET parent_id = ? WHERE id = ?", [parent, child])
  }

  /// A merged insert frees the twin from its parent, for it may be a producer's: this one was not, and the event that
  /// the insert has just written names the parent.
  private func giveBackToParent(_ twin: JobID) throws {
    let parent = try Int64.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT json_extract(detail, '$.parent_id') FROM job_events
          WHERE job_id = ? AND kind = 'duplicate' ORDER BY id DESC LIMIT 1
          """), arguments: [twin])
    if let parent { try adopt(twin, as: parent) }
  }

  private func link(to child: JobID) throws {
    do {
      try db.run("INSERT INTO job_dependencies (job_id, depends_on, is_child) VALUES (?, ?, 1)", [job.id, child])
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      throw RefusedAwait(
        reason: "The step \(job.step) cannot wait for job \(child): \(QueueError(error, path: "").description)")
    }
  }
}

/// How far a blocked parent is: see ``SchemaFamilyTriggers``, which keep it up to date from then on.
enum ParentProgress {
  static let update = """
    UPDATE jobs SET progress = \(SchemaFamilyTriggers.childProgress),
      progress_message = \(SchemaFamilyTriggers.childProgressMessage)
    WHERE id = ? AND state = 'blocked' AND EXISTS (
      SELECT 1 FROM job_dependencies WHERE job_id = jobs.id AND is_child)
    """
}
