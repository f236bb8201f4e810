import GRDB
import Glibc

/// How a process opens the shared database.
package struct DatabaseOptions: Sendable {
  /// What a commit waits for.
  package enum Durability: String, Sendable, CaseIterable {
    /// Each commit is on the disk before it is acknowledged: a power cut loses nothing.
    case full
    /// A power cut may lose the last commits; the death of a process never does.
    case normal
  }

  package enum Opening: Sendable {
    /// The file must be there, with this binary's schema.
    case existing
    /// Made and migrated as needed.
    case createOrMigrate
  }

  package var durability: Durability
  package var opening: Opening
  /// How long a write waits for other writers; `nil`: as long as it takes.
  package var busyTimeout: Duration?

  package init(durability: Durability = .full, opening: Opening = .existing, busyTimeout: Duration? = .seconds(10)) {
    self.durability = durability
    self.opening = opening
    self.busyTimeout = busyTimeout
  }
}

/// The one SQLite file, opened: one writer, several readers, every precondition checked.
struct QueueDatabase {
  let path: String
  let pool: DatabasePool

  init(path: String, options: DatabaseOptions) throws {
    self.path = path
    try Self.checkFile(at: path, opening: options.opening)
    var configuration = Configuration()
    configuration.label = "stepworks"
    // SQLite's own back-off sleeps up to 100 ms a time; short sleeps keep several writers fair to each other.
    configuration.busyMode = .callback { tries in
      usleep(tries < 20 ? 500 : 2_000)
      return tries < 5_000
    }
    pool = try explainingErrors(path: path) {
      do {
        return try DatabasePool(path: path, configuration: configuration)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
        throw QueueError.notADatabase(path: path)
      }
    }
    try explainingErrors(path: path) {
      try pool.writeWithoutTransaction { db in
        // GRDB sets NORMAL on the writer of a pool, whatever its configuration says.
        try db.execute(sql: "PRAGMA synchronous = \(options.durability.rawValue)")
        let migration = SchemaMigration(path: path)
        switch options.opening {
        case .existing: try migration.check(db)
        case .createOrMigrate: try migration.migrate(db)
        }
      }
    }
  }

  /// Looks at the file before SQLite does, whose own messages do not say which file or what to do.
  private static func checkFile(at path: String, opening: DatabaseOptions.Opening) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      switch opening {
      case .existing where errno == ENOENT: throw QueueError.missingDatabase(path: path)
      case .createOrMigrate where errno == ENOENT: return
      default: throw QueueError.unreadable(path: path, reason: String(cString: strerror(errno)))
      }
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw QueueError.unreadable(path: path, reason: "it is not a regular file")
    }
    if status.st_size == 0, opening == .existing { throw QueueError.missingDatabase(path: path) }
    guard status.st_size > 0 else { return }
    // Safe only here: once SQLite has the file open, closing another descriptor on it drops SQLite's locks.
    guard let file = fopen(path, "rb") else {
      throw QueueError.unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    var header = [UInt8](repeating: 0, count: 16)
    guard fread(&header, 1, 16, file) == 16, header == Array("SQLite format 3\0".utf8) else {
      throw QueueError.notADatabase(path: path)
    }
  }
}
