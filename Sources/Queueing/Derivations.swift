import GRDB
package import Jobs

/// Who makes what, and who has made it.
extension JobQueue {
  /// Asks for the right to make something, by its derivation key.
  ///
  /// One transaction, so of several runs that ask at once one makes it. The claim ends with the run, however it ends.
  /// - Parameter isRemaking: what has been made before is not looked at.
  /// - Returns: `nil` when the lease is lost.
  /// - Throws: ``QuotaReached`` when it would have to be made, and its tenant has no room for it.
  package func claimDerivation(
    _ key: String, of token: LeaseToken, isRemaking: Bool = false
  ) async throws -> DerivationClaim? {
    try await lane.write { db in
      let isLeased = try Bool.fetchOne(
        db.cachedStatement(
          sql: "SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ? AND fence = ? AND state = 'running')"),
        arguments: [token.jobID, token.fence])
      guard isLeased == true else { return nil }
      if let maker = try Self.maker(of: key, in: db), maker != token.jobID { return .inProgress(maker) }
      if !isRemaking, let earlier = try Self.earlierResult(of: key, in: db) { return .made(earlier) }
      try QuotaReached.checkRoom(for: try Self.tenant(of: token.jobID, in: db), in: db)
      try db.run(
        "INSERT OR REPLACE INTO derivations (key, job_id, fence) VALUES (?, ?, ?)", [key, token.jobID, token.fence])
      return .make
    }
  }

  private static func tenant(of jobID: JobID, in db: Database) throws -> String {
    try String.fetchOne(db.cachedStatement(sql: "SELECT tenant FROM jobs WHERE id = ?"), arguments: [jobID]) ?? ""
  }

  /// The job that makes it now.
  static func maker(of key: String, in db: Database) throws -> JobID? {
    try Int64.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT jobs.id FROM derivations JOIN jobs ON jobs.id = job_id AND jobs.fence = derivations.fence
          WHERE key = ? AND state = 'running'
          """), arguments: [key])
  }

  /// The plus keeps SQLite from counting by way of all artifacts of the key, which may be a hundred thousand jobs'.
  static let earlierResultQuery = """
    SELECT jobs.id, result FROM artifacts JOIN jobs ON jobs.id = job_id
    WHERE derivation_key = ?1 AND state = 'completed'
      AND json_array_length(result, '$.artifacts') = (
        SELECT count(*) FROM artifacts AS other WHERE other.job_id = jobs.id AND +other.derivation_key = ?1)
    ORDER BY artifacts.id DESC LIMIT 1
    """

  /// The newest job that has made it and whose artifacts are all still recorded.
  private static func earlierResult(of key: String, in db: Database) throws -> EarlierResult? {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: earlierResultQuery), arguments: [key])
    guard let row else { return nil }
    return EarlierResult(
      jobID: row[0], result: try JSONValue(parsing: row[1] as String), artifacts: try artifacts(of: row[0], in: db))
  }

  /// In the order in which the step gave them.
  package func artifacts(of jobID: JobID) async throws -> [Artifact] {
    try await read { db in try Self.artifacts(of: jobID, in: db) }
  }

  private static func artifacts(of jobID: JobID, in db: Database) throws -> [Artifact] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT role, path, media_type, bytes, sha256, derivation_key, provenance FROM artifacts
          WHERE job_id = ? ORDER BY id
          """), arguments: [jobID]
    ).map { row in
      Artifact(
        role: row[0], path: row[1], mediaType: row[2], bytes: row[3], sha256: row[4], derivationKey: row[5],
        provenance: try JSONValue(parsing: row[6] as String))
    }
  }

  /// The job that makes what `jobID` waits to take over.
  package func maker(for jobID: JobID) async throws -> JobID? {
    try await read { db in
      try Int64.fetchOne(db, sql: "SELECT maker_id FROM derivation_waits WHERE job_id = ?", arguments: [jobID])
    }
  }
}

extension Settler {
  /// running → blocked until the job that makes the same stops running. If it just did, this one looks again at once.
  /// - Returns: `nil` when the lease is lost.
  func wait(for wait: DerivationWait) throws -> SettlementKind? {
    guard let isCancelled = try isCancelRequested() else { return nil }
    if isCancelled { return try cancel() }
    guard try JobQueue.maker(of: wait.key, in: db) == wait.maker else { return try giveBack(.released, detail: [:]) }
    let reason =
      "The same derivation is already in-flight — skipping duplicate: job \(wait.maker) makes it, and this one takes its result."
    let workerID = try workerID()
    try block()
    try db.run("INSERT INTO derivation_waits (job_id, maker_id) VALUES (?, ?)", [job.id, wait.maker])
    try db.run(
      """
      UPDATE jobs SET (progress, progress_message) = (SELECT progress, progress_message FROM jobs WHERE id = ?)
      WHERE id = ?
      """, [wait.maker, job.id])
    try HandBack.log(
      .awaiting, of: job.token, by: workerID, at: now,
      [
        "message": .string(reason), "jobs": .array([.integer(wait.maker)]), "derivation_key": .string(wait.key),
      ], in: db)
    return .awaiting([wait.maker], reason: reason)
  }
}
