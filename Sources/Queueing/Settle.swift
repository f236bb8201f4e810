import GRDB
package import Jobs

/// How a run ended, as the worker saw it; ``JobQueue/settle(_:of:as:)`` makes a ``SettlementKind`` of it.
package enum RunEnding: Sendable {
  case completed(StepResult)
  case failed(JobFailure, FailureResponse)
  case snoozed(Duration, reason: String)
  /// Waits for these jobs, which are added with the settlement; see ``StepAwait``.
  case awaiting([JobRequest], reason: String)
  /// Another job makes the same now.
  case duplicate(DerivationWait)
  /// Handed back unfinished: a drain.
  case released
  /// Stopped because somebody asked for it.
  case cancelled

  fileprivate var isFailure: Bool { if case .failed = self { true } else { false } }
}

extension JobQueue {
  /// Ends a run in the database: the state, its event, the artifacts and the release of dependents in one transaction.
  ///
  /// Fenced: when the lease is lost nothing changes. A disk that is full does not lose the result: the write is tried
  /// again until it goes through. A result that the schema refuses or that the tenant has no room for, and jobs to wait
  /// for that the schema refuses, make the job fail.
  /// - Parameters:
  ///   - retryDelay: the wait before a retry, already with its jitter.
  ///   - keepTrying: asked after each failed try; receives a sentence for the operator.
  package func settle(
    _ lease: consuming JobLease, of job: Job, as ending: RunEnding, retryDelay: Duration = .zero,
    keepTrying: @Sendable (String) async -> Bool = { _ in false }
  ) async -> Settlement {
    let token = lease.token
    lease.spend()
    var ending = ending
    while true {
      do {
        let kind = try await write(ending, of: job, retryDelay: retryDelay)
        return Settlement(kind.map { .settled($0) } ?? .leaseLost)
      } catch QueueError.refused(let reason) where !ending.isFailure {
        let failure = JobFailure(.invalidOutput, "The step's result cannot be stored: \(reason)")
        ending = .failed(failure, .fail)
      } catch let refused as RefusedAwait {
        ending = .failed(JobFailure(.invalidInput, refused.reason), .fail)
      } catch let quota as QuotaReached {
        ending = .failed(quota.failure, .fail)
      } catch {
        guard await keepTrying("Job \(token.jobID) cannot be settled yet: \(error)") else {
          return Settlement(.abandoned)
        }
      }
    }
  }

  /// - Returns: `nil` when the lease is lost.
  private func write(_ ending: RunEnding, of job: Job, retryDelay: Duration) async throws -> SettlementKind? {
    let now = clock.now()
    return try await lane.write { db in
      let settler = Settler(job: job, now: now, db: db)
      switch ending {
      case .completed(let result): return try settler.complete(result)
      case .failed(let failure, let response): return try settler.fail(failure, response, retryDelay: retryDelay)
      case .snoozed(let delay, let reason): return try settler.snooze(delay, reason: reason)
      case .awaiting(let requests, let reason): return try settler.block(on: requests, reason: reason)
      case .duplicate(let wait): return try settler.wait(for: wait)
      case .released: return try settler.giveBack(.released, detail: [:])
      case .cancelled: return try settler.cancel()
      }
    }
  }
}

/// The writes of one settlement. Each returns `nil` when the lease is lost.
struct Settler {
  let job: Job
  let now: Timestamp
  let db: Database

  func complete(_ result: StepResult) throws -> SettlementKind? {
    let changed = try change(
      "state = 'completed', outcome = ?, result = ?, progress = 1, error = NULL, finished_at = ?",
      [result.outcome.rawValue, result.result.text, now.milliseconds])
    guard changed else { return nil }
    if !result.artifacts.isEmpty {
      try QuotaReached.check(job.tenant, in: db) { for artifact in result.artifacts { try insert(artifact) } }
    }
    return .completed(result.outcome)
  }

  private func insert(_ artifact: Artifact) throws {
    try db.run(
      """
      INSERT INTO artifacts (job_id, fence, tenant, role, path, media_type, bytes, sha256, derivation_key,
        provenance, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (job_id, path) DO NOTHING
      """,
      [
        job.id, job.fence, job.tenant, artifact.role, artifact.path, artifact.mediaType, artifact.bytes,
        artifact.sha256, artifact.derivationKey, artifact.provenance.text, now.milliseconds,
      ])
  }

  func fail(_ failure: JobFailure, _ response: FailureResponse, retryDelay: Duration) throws -> SettlementKind? {
    switch response {
    case .fail:
      return try failFinally(failure)
    case .retry:
      guard job.attempt < job.maxAttempts else { return try failFinally(failure) }
      return try giveBack(.retryScheduled(failure, delay: retryDelay), detail: failure.eventDetail)
    case .retryAsCrash:
      guard job.crashes + 1 < job.maxCrashes else { return try quarantine(failure) }
      return try giveBack(.retryScheduled(failure, delay: retryDelay), isCrash: true, detail: failure.eventDetail)
    case .snooze(let delay):
      return try giveBack(.snoozed(reason: failure.message, delay: delay), detail: failure.eventDetail)
    }
  }

  func snooze(_ delay: Duration, reason: String) throws -> SettlementKind? {
    try giveBack(.snoozed(reason: reason, delay: delay), detail: ["message": .string(reason)])
  }

  /// A request that was taken back meanwhile, by a retry of the job that had asked for this one, leaves it to run again.
  func cancel() throws -> SettlementKind? {
    guard try isCancelRequested() ?? true else { return try giveBack(.released, detail: [:]) }
    return try change("state = 'cancelled', finished_at = ?", [now.milliseconds]) ? .cancelled : nil
  }

  private func failFinally(_ failure: JobFailure) throws -> SettlementKind? {
    let changed = try change(
      "state = 'failed', error = ?, finished_at = ?", [failure.json, now.milliseconds])
    return changed ? .failed(failure) : nil
  }

  /// An input that keeps killing its tool must not do so for ever.
  private func quarantine(_ failure: JobFailure) throws -> SettlementKind? {
    var failure = failure
    if job.maxCrashes > 1 {
      failure.message += " It did so \(job.crashes + 1) times, so the job is not tried again."
    }
    let changed = try change(
      "state = 'failed', error = ?, crashes = crashes + 1, attempt = attempt - 1, finished_at = ?",
      [failure.json, now.milliseconds])
    return changed ? .failed(failure) : nil
  }

  /// Back to the waiting jobs, under the rules of ``HandBack``; a job whose cancellation was asked for is cancelled
  /// instead.
  func giveBack(_ kind: SettlementKind, isCrash: Bool = false, detail: [String: JSONValue]) throws -> SettlementKind? {
    guard let isCancelled = try isCancelRequested() else { return nil }
    if isCancelled { return try cancel() }
    try HandBack(token: job.token, kind: kind, isCrash: isCrash, now: now).write(detail: detail, in: db)
    return kind
  }

  /// `nil` when the lease is lost.
  func isCancelRequested() throws -> Bool? {
    try Bool.fetchOne(
      db.cachedStatement(
        sql: "SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = ? AND fence = ? AND state = 'running'"),
      arguments: [job.id, job.fence])
  }

  func workerID() throws -> WorkerID? { try HandBack.workerID(of: job.id, in: db) }

  private func change(_ assignments: String, _ arguments: StatementArguments) throws -> Bool {
    try db.run(
      "UPDATE jobs SET \(assignments), worker_id = NULL WHERE id = ? AND fence = ? AND state = 'running'",
      arguments + [job.id, job.fence])
    guard db.changesCount == 1 else { return false }
    try db.run("DELETE FROM tool_processes WHERE job_id = ?", [job.id])
    return true
  }
}

/// running → scheduled or available.
struct HandBack {
  let token: LeaseToken
  let kind: SettlementKind
  /// Costs a crash; otherwise only a retry costs an attempt.
  let isCrash: Bool
  let now: Timestamp

  /// A twin may have been enqueued while this one ran: two rows can't both wait under one key, so this one gives it up.
  static let dedupKey = """
    CASE WHEN EXISTS (
      SELECT 1 FROM jobs AS twin WHERE twin.dedup_key IS NOT NULL
        AND \(SchemaTables.isWaiting("twin.state"))
        AND (twin.dedup_key, twin.step, twin.tenant) = (jobs.dedup_key, jobs.step, jobs.tenant))
      THEN NULL ELSE dedup_key END
    """

  static func workerID(of id: JobID, in db: Database) throws -> WorkerID? {
    try Int64.fetchOne(db.cachedStatement(sql: "SELECT worker_id FROM jobs WHERE id = ?"), arguments: [id])
  }

  static func log(
    _ kind: JobEventKind, of token: LeaseToken, by workerID: WorkerID?, at now: Timestamp,
    _ detail: [String: JSONValue],
    in db: Database
  ) throws {
    try db.run(
      "INSERT INTO job_events (job_id, at, kind, fence, worker_id, detail) VALUES (?, ?, ?, ?, ?, ?)",
      [
        token.jobID, now.milliseconds, kind.rawValue, token.fence, workerID,
        detail.isEmpty ? nil : JSONValue.object(detail).text,
      ])
  }

  func write(detail: [String: JSONValue], eventKind: JobEventKind? = nil, in db: Database) throws {
    let (delay, costsAttempt, event): (Duration, Bool, JobEventKind) =
      switch kind {
      case .retryScheduled(_, let delay): (delay, !isCrash, .retryScheduled)
      case .snoozed(_, let delay): (delay, false, .snoozed)
      default: (.zero, false, .released)
      }
    let runAt = delay > .zero ? now.advanced(by: delay).milliseconds : nil
    let error: String? = if case .retryScheduled(let failure, _) = kind { failure.json } else { nil }
    let workerID = try Self.workerID(of: token.jobID, in: db)
    try db.run(
      """
      UPDATE jobs SET state = ?, worker_id = NULL, attempt = attempt - ?, crashes = crashes + ?,
        run_at = coalesce(?, run_at), available_at = ?, error = coalesce(?, error),
        progress = NULL, progress_message = NULL, dedup_key = \(Self.dedupKey)
      WHERE id = ? AND fence = ? AND state = 'running'
      """,
      [
        runAt == nil ? "available" : "scheduled", costsAttempt ? 0 : 1, isCrash ? 1 : 0, runAt,
        runAt == nil ? now.milliseconds : nil, error, token.jobID, token.fence,
      ])
    try db.run("DELETE FROM tool_processes WHERE job_id = ?", [token.jobID])
    var members = detail
    if let runAt { members["run_at"] = .string(Timestamp(milliseconds: runAt).iso8601) }
    try Self.log(eventKind ?? event, of: token, by: workerID, at: now, members, in: db)
  }
}

extension JobFailure {
  var eventDetail: [String: JSONValue] {
    var members: [String: JSONValue] = ["class": .string(failureClass.rawValue), "message": .string(message)]
    if let exit { members["exit"] = .integer(Int64(exit)) }
    if let signal { members["signal"] = .integer(Int64(signal)) }
    return members
  }
}
