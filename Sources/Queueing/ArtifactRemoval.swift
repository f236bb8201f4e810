import GRDB
import Jobs

/// Forgetting artifacts, and finding files that nobody knows any more.
extension JobQueue {
  /// How many rows, or files, are looked at in one transaction: other writers get their turn between two.
  private static let removalBatch = 200

  /// Those of some artifacts that an unfinished job may still want: one waits for the job that made them.
  package func artifactsInUse(among ids: Set<Int64>) async throws -> Set<Int64> {
    let list = JSONValue.array(ids.map { .integer($0) }).text
    return try await read { db in
      try Int64.fetchSet(
        db,
        sql:
          "SELECT artifacts.id FROM json_each(?) AS given JOIN artifacts ON artifacts.id = value WHERE \(Self.isInUse)",
        arguments: [list])
    }
  }

  /// Forgets artifacts; their files stay. Those in use are left.
  /// - Returns: how many were forgotten.
  package func forgetArtifacts(_ ids: [Int64]) async throws -> Int {
    var count = 0
    for start in stride(from: 0, to: ids.count, by: Self.removalBatch) {
      let batch = ids[start..<min(start + Self.removalBatch, ids.count)]
      let list = JSONValue.array(batch.map { .integer($0) }).text
      count += try await lane.write { db in
        try db.run(
          "DELETE FROM artifacts WHERE id IN (SELECT value FROM json_each(?)) AND NOT \(Self.isInUse)", [list])
        return db.changesCount
      }
    }
    return count
  }

  /// The files that artifacts name, as `<sha256>/<name>`: wherever the store stands.
  /// - Parameter ids: artifacts that do not count.
  package func namedFiles(besides ids: Set<Int64> = []) async throws -> Set<String> {
    let list = JSONValue.array(ids.map { .integer($0) }).text
    return try await read { db in
      try String.fetchSet(
        db,
        sql: """
          SELECT substr(path, instr(path, '/' || sha256 || '/') + 1) FROM artifacts
          WHERE id NOT IN (SELECT value FROM json_each(?))
          """, arguments: [list])
    }
  }

  /// Removes files that no artifact names, while nobody can settle a job: a file that a settlement names meanwhile
  /// stays.
  /// - Parameters:
  ///   - files: as ``namedFiles(besides:)`` writes them.
  ///   - remove: given an index of `files`; called again for a file when the transaction has to be repeated.
  package func removeUnnamed(_ files: [String], _ remove: @escaping @Sendable (Int) throws -> Void) async throws {
    for start in stride(from: 0, to: files.count, by: Self.removalBatch) {
      let range = start..<min(start + Self.removalBatch, files.count)
      try await lane.write { db in
        let isNamed = try db.cachedStatement(
          sql: "SELECT 1 FROM artifacts WHERE sha256 = ?1 AND substr(path, -length(?2)) = ?2")
        for index in range {
          let digest = String(files[index].prefix { $0 != "/" })
          if try Int.fetchOne(isNamed, arguments: [digest, "/" + files[index]]) == nil { try remove(index) }
        }
      }
    }
  }

  private static let isInUse = """
    EXISTS (SELECT 1 FROM job_dependencies JOIN jobs AS other ON other.id = job_dependencies.job_id
      WHERE job_dependencies.depends_on = artifacts.job_id AND other.finished_at IS NULL)
    """
}
