import GRDB
package import Jobs

/// What became of one request.
package enum EnqueueResult: Sendable, Hashable {
  case inserted(JobID)
  /// The same work was already waiting: that job takes it in.
  case duplicate(of: JobID)

  package var jobID: JobID {
    switch self {
    case .inserted(let id), .duplicate(let id): id
    }
  }
}

extension JobQueue {
  /// Inserts jobs in one transaction: all of them or, when one is wrong, none.
  /// - Returns: one result per request, in their order.
  package func enqueue(_ requests: [JobRequest]) async throws -> [EnqueueResult] {
    let now = clock.now()
    return try await lane.write { db in
      var defaults: [StepName: StepDefaults] = [:]
      return try requests.map { request in
        let known = try defaults[request.step] ?? StepDefaults(of: request.step, in: db)
        defaults[request.step] = known
        return try Self.insert(request, known, now, in: db)
      }
    }
  }

  /// What the insert triggers would fill in; given at once it saves them a second write of the row.
  private struct StepDefaults {
    let queue: String
    let maxAttempts: Int
    let maxCrashes: Int
    let dedup: String

    init(of step: StepName, in db: Database) throws {
      let statement = try db.cachedStatement(
        sql: "SELECT queue, max_attempts, max_crashes, dedup FROM steps WHERE name = ?")
      guard let row = try Row.fetchOne(statement, arguments: [step.rawValue]) else {
        let known = try String.fetchAll(db, sql: "SELECT name FROM steps ORDER BY name")
        throw QueueError.unknownStep(step.rawValue, known: known)
      }
      (queue, maxAttempts, maxCrashes, dedup) = (row[0], row[1], row[2], row[3])
    }
  }

  private static let dedupKey = """
    CASE WHEN ?6 IS NULL AND ?7 = 'parameters' THEN \(SchemaTriggers.dedupKey(of: "?3")) || ?13 ELSE ?6 END
    """

  /// A job that runs and is the same work. Its step has taken its input before now, so only a step that looks at what it
  /// got may wait for that one in place of its own.
  static func runningTwin(of request: JobRequest, in db: Database) throws -> JobID? {
    let defaults = try StepDefaults(of: request.step, in: db)
    return try Int64.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT id FROM jobs WHERE state = 'running' AND queue = ?1 AND tenant = ?2 AND step = ?5
            AND cancel_requested_at IS NULL AND dedup_key = \(dedupKey.replacing("?13", with: "?4")) LIMIT 1
          """),
      arguments: [
        request.queue?.rawValue ?? defaults.queue, request.tenant, request.parameters.text, "", request.step.rawValue,
        request.dedupKey, defaults.dedup,
      ])
  }

  /// Gives every value itself, as the insert triggers would: that saves them a second write of the row. What a job waits
  /// for is a part of its key: merged into one that does not wait, it would run too early.
  private static let insertSQL = """
    INSERT INTO jobs (step, queue, parameters, priority, run_at, dedup_key, tenant, max_attempts, max_crashes,
      created_at, available_at)
    VALUES (?1, ?2, ?3, ?4, ?5, \(dedupKey), ?8, ?9, ?10, ?11, ?12) RETURNING id
    """

  static func insert(_ request: JobRequest, _ now: Timestamp, in db: Database) throws -> EnqueueResult {
    try insert(request, StepDefaults(of: request.step, in: db), now, in: db)
  }

  private static func insert(
    _ request: JobRequest, _ defaults: StepDefaults, _ now: Timestamp, in db: Database
  ) throws -> EnqueueResult {
    let id = try Int64.fetchOne(
      db.cachedStatement(sql: insertSQL),
      arguments: [
        request.step.rawValue, request.queue?.rawValue ?? defaults.queue, request.parameters.text,
        request.priority ?? 0, request.runAt?.milliseconds, request.dedupKey, defaults.dedup, request.tenant,
        request.maxAttempts ?? defaults.maxAttempts, request.maxCrashes ?? defaults.maxCrashes, now.milliseconds,
        request.runAt == nil ? now.milliseconds : nil,
        request.dependsOn.isEmpty ? "" : " after \(request.dependsOn.sorted().map(String.init).joined(separator: " "))",
      ])
    guard let id else {
      // The insert was merged: its trigger has just written the event.
      let twin = try Int64.fetchOne(
        db.cachedStatement(sql: "SELECT job_id FROM job_events ORDER BY id DESC LIMIT 1"))
      return .duplicate(of: twin ?? 0)
    }
    for parent in request.dependsOn {
      try db.run("INSERT OR IGNORE INTO job_dependencies (job_id, depends_on) VALUES (?, ?)", [id, parent])
    }
    return .inserted(id)
  }
}
