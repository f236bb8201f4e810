import GRDB
import Glibc
import Jobs

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
  /// With a `busyTimeout` of `nil`: told each time a write has waited as long as ``longWait`` in vain.
  package var onLongWait: @Sendable (QueueError) -> Void = { _ in }
  /// Longer than any write of ours, and short enough that an operator learns of it while it lasts.
  package var longWait = Duration.seconds(10)
  /// Told of each write transaction that was committed, on the thread that writes: it must be quick.
  package var onCommit: @Sendable (CommitReport) -> Void = { _ in }
  /// Told how long each automatic checkpoint took, on the same thread.
  package var onCheckpoint: @Sendable (Duration) -> Void = { _ in }
  /// Told before each of them, on the same thread.
  package var onCheckpointStart: @Sendable () -> Void = {}

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
  let onCommit: @Sendable (CommitReport) -> Void
  private let checkpoint: AutomaticCheckpoint
  private let file: FileIdentity?

  init(path: String, options: DatabaseOptions) throws {
    self.path = path
    onCommit = options.onCommit
    checkpoint = AutomaticCheckpoint(onStart: options.onCheckpointStart, onCheckpoint: options.onCheckpoint)
    let migration = SchemaMigration(path: path)
    var configuration = Configuration()
    configuration.label = "stepworks"
    configuration.busyMode = Self.waiting(atMost: options.busyTimeout ?? options.longWait)
    if try Self.checkFile(at: path, opening: options.opening) {
      // Opening it for writing turns a database into WAL mode: that of another program must not be touched.
      try explainingErrors(path: path) { [configuration] in
        var configuration = configuration
        configuration.readonly = true
        try DatabaseQueue(path: path, configuration: configuration).read { _ = try migration.version(of: $0) }
      }
    }
    pool = try explainingErrors(path: path) { [configuration] in
      try Self.retryingWhileBusy { try DatabasePool(path: path, configuration: configuration) }
    }
    var status = stat()
    file = stat(path, &status) == 0 ? FileIdentity(status) : nil
    try explainingErrors(path: path) {
      try pool.writeWithoutTransaction { [checkpoint] db in
        checkpoint.take(over: db)
        // GRDB sets NORMAL on the writer of a pool, whatever its configuration says.
        try db.execute(sql: "PRAGMA synchronous = \(options.durability.rawValue)")
        // A reader that stays for long lets the log grow; the space is given back when it has gone.
        try db.execute(sql: "PRAGMA journal_size_limit = \(Self.lastingLogBytes)")
        switch options.opening {
        case .existing: try migration.check(db)
        case .createOrMigrate: try migration.migrate(db)
        }
      }
    }
  }

  /// A file that is deleted or replaced while it is open goes on working, for this process alone.
  /// - Throws: ``QueueError/replaced(path:)``.
  func checkFileIsInPlace() throws {
    var status = stat()
    let isThere = stat(path, &status) == 0
    // Any other error says nothing about the file.
    guard isThere || errno == ENOENT || errno == ENOTDIR else { return }
    if !isThere || FileIdentity(status) != file { throw QueueError.replaced(path: path) }
  }

  /// Four times what the log usually has, so that it is not cut and grown again all the time.
  static let lastingLogBytes = 16 << 20

  /// SQLite's own back-off sleeps up to 100 ms a time; short sleeps keep several writers fair to each other.
  private static func waiting(atMost timeout: Duration) -> Database.BusyMode {
    let (eager, eagerSleep, sleep) = (20, 500, 2_000)  // tries, µs, µs
    let timeout = Int(timeout.seconds * 1e6)
    return .callback { tries in
      let waited = min(tries, eager) * eagerSleep + max(tries - eager, 0) * sleep
      guard waited < timeout else { return false }
      usleep(UInt32(tries < eager ? eagerSleep : sleep))
      return true
    }
  }

  /// Turning a new file into WAL mode fails at once, whatever the busy handler says, while another process does it.
  private static func retryingWhileBusy<T>(_ work: () throws -> T) throws -> T {
    for _ in 0..<1_000 {
      do {
        return try work()
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        usleep(5_000)
      }
    }
    return try work()
  }

  /// SQLite would make it with mode 644 at most, and the log and the shared memory file likewise: then no group could write
  /// it, whatever the umask says. Nobody in this process has the file open yet, so closing it drops no lock.
  ///
  /// A directory that is setgid and that its group may write is shared by a group: there the group may write the database
  /// whatever the umask says, for whoever made it with another one would lock out the rest.
  private static func makeFile(at path: String) {
    let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { return }  // SQLite says better than we could why it can't be made
    defer { close(file) }
    var (directory, made) = (stat(), stat())
    let shared = S_ISGID | S_IWGRP
    guard stat(parentDirectory(of: path), &directory) == 0, directory.st_mode & shared == shared,
      fstat(file, &made) == 0
    else { return }
    fchmod(file, made.st_mode & 0o777 | 0o660)
  }

  /// Looks at the file before SQLite does, whose own messages do not say which file or what to do.
  /// - Returns: whether there is something in it.
  private static func checkFile(at path: String, opening: DatabaseOptions.Opening) throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else {
      switch opening {
      case .existing where errno == ENOENT: throw QueueError.missingDatabase(path: path)
      case .createOrMigrate where errno == ENOENT:
        makeFile(at: path)
        return false
      default: throw QueueError.unreadable(path: path, reason: String(cString: strerror(errno)))
      }
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw QueueError.unreadable(path: path, reason: "it is not a regular file")
    }
    if status.st_size == 0, opening == .existing { throw QueueError.missingDatabase(path: path) }
    // Smaller than the smallest page; SQLite would take it for empty and write over it.
    if (1..<512).contains(status.st_size) { throw QueueError.notADatabase(path: path) }
    // No look at the content: closing a descriptor of ours on a file that this process has open already would drop
    // SQLite's locks on it.
    return status.st_size > 0
  }
}

func parentDirectory(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Which file it is, whatever its name.
private struct FileIdentity: Equatable {
  let device: dev_t
  let inode: ino_t

  init(_ status: stat) {
    device = status.st_dev
    inode = status.st_ino
  }
}
