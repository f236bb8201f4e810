import GRDB
package import Jobs

/// The queue: where rows live. Every verb is one short transaction; see the extensions for each.
package final class JobQueue: Sendable {
  let database: QueueDatabase
  let lane: WriteLane
  let clock: WallClock
  /// Tells this database from any other on the machine; 16 hexadecimal digits.
  package let databaseID: String

  package var path: String { database.path }

  /// By the clock of every time that is stored.
  package var now: Timestamp { clock.now() }

  /// Opens the database at `path`, which should be absolute.
  /// - Throws: ``QueueError`` with a sentence for every way in which a file can't be used.
  package init(path: String, options: DatabaseOptions = DatabaseOptions(), clock: WallClock = .system) throws {
    let database = try QueueDatabase(path: path, options: options)
    self.database = database
    self.lane = WriteLane(
      database: database, onLongWait: options.busyTimeout == nil ? options.onLongWait : nil)
    self.clock = clock
    self.databaseID = try explainingErrors(path: path) {
      try database.pool.read { try String.fetchOne($0, sql: "SELECT id FROM database_identity") ?? "" }
    }
  }

  /// What the commits of this process wait for, by SQLite's own word.
  package func durability() async throws -> DatabaseOptions.Durability {
    // 0 OFF, 1 NORMAL, 2 FULL, 3 EXTRA
    let level = try await lane.write { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? 0 }
    return level >= 2 ? .full : .normal
  }

  /// The value of `STEPWORKS_RUN` in the environment of everything a lease runs.
  package func runID(of token: LeaseToken) -> String { "\(databaseID)-\(token)" }

  /// - Throws: ``QueueError/replaced(path:)`` when the file at ``path`` is not the one that is open: then everything this
  ///   process does is lost on everybody else.
  package func checkFileIsInPlace() throws { try database.checkFileIsInPlace() }

  /// Where the lock files of this database are.
  package var lockDirectory: String { path + "-locks" }

  /// Runs a read on a snapshot of its own.
  func read<T: Sendable>(_ work: @escaping @Sendable (Database) throws -> T) async throws -> T {
    do {
      return try await database.pool.read(work)
    } catch let error as DatabaseError {
      throw QueueError(error, path: path)
    }
  }
}
