import GRDB
import GRDBSQLite

/// What SQLite does by itself after a commit that leaves a long write-ahead log, done by us so that it can be timed: a
/// passive checkpoint, which takes what no reader needs and waits for nobody.
///
/// https://sqlite.org/c3ref/wal_hook.html: the automatic checkpoint is such a hook too, and there is one at most.
final class AutomaticCheckpoint: Sendable {
  /// As SQLITE_DEFAULT_WAL_AUTOCHECKPOINT.
  static let pages: Int32 = 1000

  private let onStart: @Sendable () -> Void
  private let onCheckpoint: @Sendable (Duration) -> Void

  init(onStart: @escaping @Sendable () -> Void, onCheckpoint: @escaping @Sendable (Duration) -> Void) {
    self.onStart = onStart
    self.onCheckpoint = onCheckpoint
  }

  /// - Precondition: this object lives for as long as anything is committed on the connection.
  func take(over db: Database) {
    sqlite3_wal_hook(
      db.sqliteConnection,
      { context, connection, name, pages in
        if pages >= AutomaticCheckpoint.pages, let context {
          Unmanaged<AutomaticCheckpoint>.fromOpaque(context).takeUnretainedValue().run(on: connection, name)
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// One that fails, for another process is at it or the disk is full, is made up for after a later commit.
  private func run(on connection: OpaquePointer?, _ name: UnsafePointer<CChar>?) {
    onStart()
    let start = ContinuousClock.now
    _ = sqlite3_wal_checkpoint_v2(connection, name, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
    onCheckpoint(.now - start)
  }
}
