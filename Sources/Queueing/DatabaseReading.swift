import GRDB
import Glibc
package import Jobs

/// The database as a whole, for operators.
package struct DatabaseStatus: Sendable, Hashable {
  /// Of the file, and of its write-ahead log.
  package var bytes: Int64
  package var logBytes: Int64
  package var runningWorkers: Int
  package var drainingWorkers: Int
}

extension JobQueue {
  package func databaseStatus() async throws -> DatabaseStatus {
    let workers = try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT state, count(*) FROM workers WHERE state IN ('running', 'draining') GROUP BY state"
      ).reduce(into: [String: Int]()) { $0[$1[0]] = $1[1] }
    }
    return DatabaseStatus(
      bytes: Self.size(of: path), logBytes: Self.size(of: path + "-wal"), runningWorkers: workers["running"] ?? 0,
      drainingWorkers: workers["draining"] ?? 0)
  }

  /// How long this process has been waiting for the write lock of the database at this moment.
  package var writeLockWait: Duration { lane.lockWait }

  /// How many inserts were merged into waiting jobs, by queue, going by the events after `id`.
  /// - Parameter limit: how many ids are looked at, at most.
  /// - Returns: also the last id that was looked at, to go on from. Events of jobs that were deleted do not count.
  package func duplicates(
    after id: Int64, limit: Int64 = 1_000_000
  ) async throws -> (byQueue: [QueueName: Int], lastID: Int64) {
    try await read { db in
      let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM job_events") ?? 0
      let last = max(id, min(newest, id + limit))
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT queue, count(*) FROM job_events JOIN jobs ON jobs.id = job_id
            WHERE job_events.id > ?1 AND job_events.id <= ?2 AND kind = 'duplicate' GROUP BY queue
            """), arguments: [id, last])
      return (rows.reduce(into: [:]) { $0[QueueName(rawValue: $1[0])] = $1[1] }, last)
    }
  }

  /// Not opened for it: see ``QueueDatabase``.
  private static func size(of path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
