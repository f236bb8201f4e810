import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

struct LogSizeTests {
  @Test func `The log that a long reader let grow is cut once the reader has gone`() async throws {
    let fixture = try await QueueFixture()
    let reader = try Program.python(
      """
      import sqlite3, sys
      db = sqlite3.connect(sys.argv[1], isolation_level=None)
      db.execute("BEGIN")
      db.execute("SELECT count(*) FROM jobs").fetchall()
      print("reading")
      sys.stdin.readline()
      db.execute("COMMIT")
      """, [fixture.queue.path])
    #expect(reader.readLine() == "reading")
    let text = JSONValue.string(String(repeating: "x", count: 900_000))
    for number in Int64(0)..<30 { try await fixture.enqueue("free", .object(["text": text, "n": .integer(number)])) }
    #expect(try logSize(fixture) > 25_000_000)
    try reader.send("go")
    #expect(try reader.finish().status == 0)
    // The first commit copies the log into the database, the next one starts it anew.
    for _ in 0..<2 { try await fixture.enqueue() }
    #expect(try logSize(fixture) <= 16 << 20)
  }

  private func logSize(_ fixture: QueueFixture) throws -> Int {
    try #require(
      try FileManager.default.attributesOfItem(atPath: fixture.queue.path + "-wal")[.size] as? Int)
  }
}
