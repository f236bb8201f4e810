import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// Files that an earlier version left behind.
@Suite struct MigrationTests {
  private let directory = try! TemporaryDirectory()
  private var path: String { directory.file("queue.db") }

  /// A file as an earlier schema left it, with jobs in every state.
  private func make(version: Int) throws {
    let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Databases/version-\(version).sql")
    _ = try sql(try String(contentsOf: dump, encoding: .utf8))
  }

  private func open(_ opening: DatabaseOptions.Opening) throws -> JobQueue {
    try JobQueue(path: path, options: DatabaseOptions(durability: .normal, opening: opening))
  }

  private func sql(_ sql: String) throws -> [String] {
    let result = try Program.run(["sqlite3", "-bail", path], input: sql)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    return result.output.split(separator: "\n").map(String.init)
  }

  @Test(arguments: [1, 2, 3])
  func `A file of an earlier schema is refused by who may not migrate it, and stays as it was`(version: Int) throws {
    try make(version: version)
    let before = try sql(".dump")
    let error = #expect(throws: QueueError.self) { try open(.existing) }
    #expect(
      error?.description
        == "\(path) has schema \(version) and this binary needs 4; stop the workers, then run: stepworks migrate --database \(path)"
    )
    #expect(try sql(".dump") == before)
  }

  @Test(arguments: [1, 2, 3])
  func `A file of an earlier schema becomes what a new one is`(version: Int) throws {
    try make(version: version)
    _ = try open(.createOrMigrate)
    let schema =
      "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name;"
    let migrated = try sql(schema + "PRAGMA user_version; PRAGMA integrity_check; PRAGMA foreign_key_check;")
    try FileManager.default.removeItem(atPath: path)
    _ = try open(.createOrMigrate)
    #expect(try sql(schema + "PRAGMA user_version; PRAGMA integrity_check; PRAGMA foreign_key_check;") == migrated)
    #expect(migrated.suffix(2) == ["4", "ok"])
  }

  @Test(arguments: [1, 2, 3])
  func `Nothing in a file of an earlier schema is changed by its migration`(version: Int) throws {
    try make(version: version)
    let tables = """
      SELECT id, step, queue, parameters, state, outcome, priority, run_at, dedup_key, tenant, attempt, max_attempts,
        crashes, max_crashes, fence, worker_id, cancel_requested_at, progress, error, result, created_at, available_at,
        started_at, finished_at FROM jobs;
      SELECT job_id, depends_on FROM job_dependencies; SELECT * FROM job_events; SELECT * FROM artifacts;
      SELECT * FROM workers; SELECT * FROM worker_configs; SELECT name, created_at FROM tenants;
      SELECT * FROM database_identity;
      """
    let before = try sql(tables)
    #expect(before.count > 30)
    _ = try open(.createOrMigrate)
    #expect(try sql(tables) == before)
    #expect(try sql("SELECT count(*) FROM jobs WHERE parent_id IS NOT NULL;") == [version == 1 ? "0" : "1"])
  }

  @Test(arguments: [1, 2, 3])
  func `The jobs of a file of an earlier schema go on`(version: Int) async throws {
    try make(version: version)
    let queue = try open(.createOrMigrate)
    // The worker that ran job 4 is long dead; job 3 failed because of job 2; job 6 waits for job 5.
    for dead in try await queue.deadWorkers() { #expect(try await queue.rescue(dead) == [.retryScheduled: 1]) }
    #expect(try await queue.job(4)?.state == .available)
    // Waited for what job 4 made.
    if version == 3 { #expect(try await queue.job(11)?.state == .available) }
    #expect(try await queue.retry(2) == [2, 3])
    #expect(try await queue.cancel(5) == .cancelled)
    #expect(try await queue.job(6)?.error?.message.contains("Job 5 (export_glb), which this one waited for") == true)
    #expect(
      try await queue.enqueue([
        JobRequest(step: "export_glb", parameters: .object(["source": .string("/parts/bad.step")]))
      ]) == [.duplicate(of: 2)])
    #expect(try await queue.maxConcurrency(of: "cad") == 3)
  }

  @Test(arguments: [1, 2, 3])
  func `Many who migrate the same file at once all find it done`(version: Int) async throws {
    for _ in 0..<3 {
      try? FileManager.default.removeItem(atPath: path)
      try make(version: version)
      let path = path
      let identities = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<6 {
          group.addTask {
            try JobQueue(path: path, options: DatabaseOptions(opening: .createOrMigrate)).databaseID
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(identities.count == 1)
      #expect(
        try sql("SELECT count(*) FROM jobs; PRAGMA user_version;") == [[1: "8", 2: "10", 3: "11"][version], "4"])
    }
  }
}
