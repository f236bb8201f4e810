import Foundation
import Glibc
import Jobs
import Queueing
import TestSupport
import Testing

/// Every way in which a file cannot be used is one sentence, and the file stays as it was.
@Suite struct OpeningTests {
  private let directory = try! TemporaryDirectory()
  private var path: String { directory.file("queue.db") }

  private func open(_ opening: DatabaseOptions.Opening = .createOrMigrate, at path: String? = nil) throws -> JobQueue {
    try JobQueue(path: path ?? self.path, options: DatabaseOptions(opening: opening))
  }

  private func complaint(_ opening: DatabaseOptions.Opening = .createOrMigrate, at path: String? = nil) -> String? {
    (#expect(throws: QueueError.self) { try open(opening, at: path) })?.description
  }

  private func sql(_ sql: String) throws -> String {
    let result = try Program.run(["sqlite3", "-bail", path], input: sql)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.trimmingCharacters(in: .newlines)
  }

  @Test func `A database that is not there is not made by a worker`() throws {
    #expect(
      complaint(.existing) == "There is no database at \(path); create it with: stepworks migrate --database \(path)")
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `A database is made once and opened by everyone after that`() throws {
    let identity = try open().databaseID
    #expect(identity.count == 16)
    #expect(try open(.existing).databaseID == identity)
    #expect(try open(.createOrMigrate).databaseID == identity)
  }

  @Test(arguments: [(0o2770, "660"), (0o2750, "640"), (0o770, "640")])
  func `In a directory that a group shares the group may write a new database, whatever the umask`(
    _ directoryMode: Int, _ mode: String
  ) throws {
    let usual = umask(0o027)
    defer { umask(usual) }
    #expect(chmod(directory.path, mode_t(directoryMode)) == 0)
    let queue = try open()
    for file in [path, path + "-wal", path + "-shm"] {
      var status = stat()
      #expect(stat(file, &status) == 0)
      #expect(String(status.st_mode & 0o777, radix: 8) == mode, "\(file)")
    }
    withExtendedLifetime(queue) {}
  }

  @Test func `A database newer than the binary is refused and stays as it was`() throws {
    _ = try open()
    _ = try sql("PRAGMA user_version = 99;")
    let sentence = "\(path) was written by a newer stepworks (schema 99, this binary knows 4); install that version."
    #expect(complaint(.existing) == sentence)
    #expect(complaint(.createOrMigrate) == sentence)
    #expect(try sql("PRAGMA user_version;") == "99")
  }

  @Test func `A database of another program is refused and stays as it was`() throws {
    _ = try sql("CREATE TABLE photos (name TEXT);")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    for opening in [DatabaseOptions.Opening.existing, .createOrMigrate] {
      #expect(
        complaint(opening) == "\(path) is the SQLite database of another program; name another file with --database.")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try sql("PRAGMA journal_mode;") == "delete")
  }

  @Test(arguments: [
    "x", "This is a text and no database at all.", "SQLite format 3\0" + String(repeating: "?", count: 5000),
  ])
  func `A file that is no database is refused and stays as it was`(_ content: String) throws {
    try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    #expect(
      complaint() == "\(path) is not a SQLite database; name another file with --database or move this one away.")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(content.utf8))
  }

  @Test func `A directory is no database`() throws {
    #expect(complaint(at: directory.path) == "\(directory.path) cannot be used: it is not a regular file.")
  }

  @Test func `A directory that does not exist is named`() throws {
    let path = directory.file("missing/queue.db")
    #expect(
      complaint(at: path) == "\(path) or its directory cannot be written by this user; SQLite needs to write both.")
  }

  @Test func `A directory that cannot be written is one clear sentence`() throws {
    let mount = try Mount(megabytes: 4)
    let path = mount.file("queue.db")
    _ = try open(at: path)
    try mount.remount("ro")
    let sentence = "\(path) or its directory cannot be written by this user; SQLite needs to write both."
    #expect(complaint(.existing, at: path) == sentence)
    #expect(complaint(.createOrMigrate, at: path) == sentence)
    #expect(
      complaint(.createOrMigrate, at: mount.file("new.db")) == mount.file("new.db")
        + " or its directory cannot be written by this user; SQLite needs to write both.")
    try mount.remount("rw")
    _ = try open(.existing, at: path)
  }

  @Test func `Many who create the same database at once all get the same one`() async throws {
    for _ in 0..<3 {
      let directory = try TemporaryDirectory()
      let path = directory.file("queue.db")
      let identities = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<6 { group.addTask { try open(at: path).databaseID } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(identities.count == 1)
    }
  }

  @Test func `Whoever creates a database waits for another process that writes to the new file`() async throws {
    let other = try Program.python(
      """
      import sqlite3, sys
      db = sqlite3.connect(sys.argv[1], isolation_level=None)
      db.execute("PRAGMA journal_mode = WAL")
      db.execute("BEGIN IMMEDIATE")
      print("locked")
      sys.stdin.readline()
      db.execute("COMMIT")
      """, [path])
    #expect(other.readLine() == "locked")
    async let identity = Task { try open().databaseID }.value
    try other.send("go")
    #expect(try other.finish().status == 0)
    #expect(try await identity.count == 16)
  }

  @Test func `Each commit waits for the disk, unless the one setting says otherwise`() async throws {
    #expect(try await open().durability() == .full)
    let fast = try JobQueue(path: path, options: DatabaseOptions(durability: .normal))
    #expect(try await fast.durability() == .normal)
    #expect(try await open(.existing).durability() == .full)
  }
}
