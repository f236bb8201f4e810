import GRDB
package import Jobs

/// Who a worker is: its row in `workers`.
package struct WorkerIdentity: Sendable, Hashable {
  package var host: String
  package var pid: Int32
  /// Of this boot of the machine (/proc/sys/kernel/random/boot_id).
  package var bootID: String
  package var version: String
  package var steps: [StepName]
  /// `nil`: every queue.
  package var queues: [QueueName]?

  package init(
    host: String, pid: Int32, bootID: String, version: String, steps: [StepName], queues: [QueueName]? = nil
  ) {
    self.host = host
    self.pid = pid
    self.bootID = bootID
    self.version = version
    self.steps = steps
    self.queues = queues
  }
}

/// A worker whose process is gone, with its lock in our hand: nobody else rescues its jobs meanwhile.
package struct DeadWorker: Sendable {
  package let id: WorkerID
  package let lock: WorkerLock
  /// What it was running.
  package let leases: [LeaseToken]
  /// Of the tools it had started, or was about to start: each is recorded before it runs.
  package let runIDs: [String]
}

extension JobQueue {
  /// Registers a worker that already holds its lock: a row without a held lock is a dead worker.
  package func register(_ identity: WorkerIdentity, lock: WorkerLock) async throws -> WorkerID {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      try db.run(
        """
        INSERT INTO workers (host, pid, boot_id, lock_name, version, steps, queues, config_version, started_at,
          heartbeat_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT max(updated_at) FROM worker_configs), ?, ?)
        """,
        [
          identity.host, identity.pid, identity.bootID, lock.name, identity.version,
          JSONValue.array(identity.steps.map { .string($0.rawValue) }).text,
          identity.queues.map { JSONValue.array($0.map { .string($0.rawValue) }).text }, now, now,
        ])
      return db.lastInsertedRowID
    }
  }

  /// - Returns: the leases this worker still has, as the database sees them.
  package func heartbeat(_ workerID: WorkerID) async throws -> Set<LeaseToken> {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      try db.run(
        """
        UPDATE workers SET heartbeat_at = ?, config_version = (SELECT max(updated_at) FROM worker_configs)
        WHERE id = ? AND state IN ('running', 'draining')
        """, [now, workerID])
      return try Self.leases(of: workerID, in: db)
    }
  }

  /// Where `/healthz` and `/metrics` of the worker answer: known only once it listens.
  package func recordStatusAddress(_ address: String, of workerID: WorkerID) async throws {
    try await lane.write { db in
      try db.run("UPDATE workers SET status_address = ? WHERE id = ?", [address, workerID])
    }
  }

  package func markDraining(_ workerID: WorkerID) async throws {
    try await lane.write { db in
      try db.run("UPDATE workers SET state = 'draining' WHERE id = ? AND state = 'running'", [workerID])
    }
  }

  /// Ends a worker in good order.
  /// - Returns: `false`, with nothing changed, while a job runs under its name: then a rescue has to find it.
  package func markStopped(_ workerID: WorkerID) async throws -> Bool {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      try db.run(
        """
        UPDATE workers SET state = 'stopped', stopped_at = ?1
        WHERE id = ?2 AND state IN ('running', 'draining')
          AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND worker_id = ?2)
        """, [now, workerID])
      return db.changesCount == 1
    }
  }

  /// Leases whose job somebody asked to cancel.
  package func cancelRequests(for workerID: WorkerID) async throws -> [LeaseToken] {
    try await read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT id, fence FROM jobs
            WHERE state = 'running' AND cancel_requested_at IS NOT NULL AND worker_id = ?
            """), arguments: [workerID]
      ).map { LeaseToken(jobID: $0[0], fence: $0[1]) }
    }
  }

  /// Workers whose lock is free although their row says that they live.
  package func deadWorkers() async throws -> [DeadWorker] {
    let alive = try await read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: "SELECT id, lock_name, pid, boot_id FROM workers WHERE state IN ('running', 'draining') ORDER BY id")
      ).map { (id: $0[0] as Int64, lockName: $0[1] as String, pid: $0[2] as Int32, bootID: $0[3] as String) }
    }
    var dead: [DeadWorker] = []
    for worker in alive {
      if !WorkerLock.exists(name: worker.lockName, in: lockDirectory),
        WorkerLock.processLives(pid: worker.pid, bootID: worker.bootID)
      {
        continue
      }
      guard let lock = try WorkerLock(name: worker.lockName, in: lockDirectory) else { continue }
      let found = try await read { db -> ([LeaseToken], [String])? in
        // It may have ended in good order between the two reads: then there is nothing to rescue.
        let state = try String.fetchOne(db, sql: "SELECT state FROM workers WHERE id = ?", arguments: [worker.id])
        guard state == "running" || state == "draining" else { return nil }
        let runIDs = try String.fetchAll(
          db, sql: "SELECT run_id FROM tool_processes WHERE worker_id = ? ORDER BY id", arguments: [worker.id])
        return (try Self.leases(of: worker.id, in: db).sorted { $0.jobID < $1.jobID }, runIDs)
      }
      guard let (leases, runIDs) = found else {
        lock.remove()  // it was gone, and taking it has made it again
        continue
      }
      dead.append(DeadWorker(id: worker.id, lock: lock, leases: leases, runIDs: runIDs))
    }
    return dead
  }

  /// Takes back the jobs of a dead worker.
  /// - Precondition: every process of those runs is proven gone.
  /// - Returns: how many jobs were taken back, by what became of them: `retryScheduled`, `failed` or `cancelled`.
  package func rescue(_ worker: DeadWorker) async throws -> [RunOutcome: Int] {
    let now = clock.now()
    let counts = try await lane.write { db in
      let jobs = try Row.fetchAll(
        db.cachedStatement(
          sql: "SELECT \(JobRow.columns) FROM jobs WHERE state = 'running' AND worker_id = ? ORDER BY id"),
        arguments: [worker.id]
      ).map(Job.init(row:))
      let outcomes = try jobs.map { try Rescue(job: $0, workerID: worker.id, now: now).write(in: db) }
      try db.run(
        "UPDATE workers SET state = 'dead', stopped_at = ? WHERE id = ? AND state IN ('running', 'draining')",
        [now.milliseconds, worker.id])
      return outcomes.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
    worker.lock.remove()
    return counts
  }

  static func leases(of workerID: WorkerID, in db: Database) throws -> Set<LeaseToken> {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT id, fence FROM jobs WHERE state = 'running' AND worker_id = ?"),
      arguments: [workerID])
    var leases: Set<LeaseToken> = []
    while let row = try rows.next() { leases.insert(LeaseToken(jobID: row[0], fence: row[1])) }
    return leases
  }
}

/// What becomes of one job of a dead worker.
private struct Rescue {
  let job: Job
  let workerID: WorkerID
  let now: Timestamp

  func write(in db: Database) throws -> RunOutcome {
    let failure = JobFailure(.workerDied, "Worker \(workerID) died while it ran this job.")
    if job.cancelRequestedAt != nil {
      try finish("state = 'cancelled', finished_at = ?", [now.milliseconds], in: db)
      return .cancelled
    } else if job.crashes + 1 >= job.maxCrashes {
      let final = JobFailure(
        .workerDied,
        "Runs of this job ended by the death of a process \(job.crashes + 1) times, so it is not tried again; look at its log, then: stepworks retry \(job.id)"
      )
      try finish(
        "state = 'failed', error = ?, crashes = crashes + 1, attempt = attempt - 1, finished_at = ?",
        [final.json, now.milliseconds], in: db)
      return .failed
    } else {
      try HandBack(token: job.token, kind: .retryScheduled(failure, delay: .zero), isCrash: true, now: now)
        .write(detail: ["message": .string(failure.message)], eventKind: .rescued, in: db)
      return .retryScheduled
    }
  }

  private func finish(_ assignments: String, _ arguments: StatementArguments, in db: Database) throws {
    try db.run("UPDATE jobs SET \(assignments), worker_id = NULL WHERE id = ?", arguments + [job.id])
    try db.run("DELETE FROM tool_processes WHERE job_id = ?", [job.id])
  }
}
