import GRDB

/// Brings a file to this binary's schema. `PRAGMA user_version` is the schema's number, so any language can read it.
///
/// Migrations are append-only: a released one never changes.
struct SchemaMigration {
  /// `STPW`: marks the file as ours (PRAGMA application_id).
  static let applicationID = 0x5354_5057
  static let steps: [String] = [
    SchemaTables.sql + SchemaTriggers.sql, SchemaVersion2.sql, SchemaVersion3.sql,
    SchemaVersion4.sql,
  ]
  static var current: Int { steps.count }

  let path: String

  func check(_ db: Database) throws {
    let version = try version(of: db)
    if version > Self.current {
      throw QueueError.newerDatabase(path: path, found: version, known: Self.current)
    }
    if version < Self.current {
      throw QueueError.olderDatabase(path: path, found: version, known: Self.current)
    }
  }

  /// All missing steps in one transaction; two processes that start together do it once.
  func migrate(_ db: Database) throws {
    if try version(of: db) == Self.current { return }
    try db.inTransaction(.immediate) {
      let version = try version(of: db)
      if version > Self.current {
        throw QueueError.newerDatabase(path: path, found: version, known: Self.current)
      }
      for step in Self.steps[version...] { try db.execute(sql: step) }
      try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(Self.current)")
      return .commit
    }
  }

  func version(of db: Database) throws -> Int {
    let applicationID = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if applicationID == Self.applicationID { return version }
    let isEmpty = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
    guard applicationID == 0, version == 0, isEmpty else { throw QueueError.foreignDatabase(path: path) }
    return 0
  }
}
