import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct CommitWatcherTests {
  /// Commits once for each line it is given.
  private static let producer = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
    print("ready")
    for line in sys.stdin:
        db.execute(line)
        print("done")
    """

  /// Runs SQL in the other process.
  private func commit(_ sql: String, _ producer: Program) throws {
    try producer.send(sql)
    #expect(producer.readLine() == "done")
  }

  private let insert = "INSERT INTO jobs (step) VALUES ('work')"

  @Test func `A commit of another process wakes`() async throws {
    let fixture = try await QueueFixture()
    let producer = try Program.python(Self.producer, [fixture.queue.path])
    #expect(producer.readLine() == "ready")
    let watcher = try CommitWatcher(fixture.queue)
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    for count in 1...20 {
      try commit(insert, producer)
      // A wake-up may be late for the commit before: what counts is that one comes after each.
      repeat { #expect(await wakeUps.next() != nil) } while try await fixture.queue.jobs().count < count
    }
  }

  @Test func `A wake-up finds the commit that caused it`() async throws {
    let fixture = try await QueueFixture()
    let producer = try Program.python(Self.producer, [fixture.queue.path])
    #expect(producer.readLine() == "ready")
    let watcher = try CommitWatcher(fixture.queue)
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    try producer.send(insert)
    _ = await wakeUps.next()
    #expect(try await fixture.queue.jobs().count == 1)
  }

  @Test func `It survives a truncated log`() async throws {
    let fixture = try await QueueFixture()
    let producer = try Program.python(Self.producer, [fixture.queue.path])
    #expect(producer.readLine() == "ready")
    let watcher = try CommitWatcher(fixture.queue)
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    try commit(insert, producer)
    _ = await wakeUps.next()
    try commit("PRAGMA wal_checkpoint(TRUNCATE)", producer)
    let size = try FileManager.default.attributesOfItem(atPath: fixture.queue.path + "-wal")[.size] as? Int
    #expect(size == 0)
    try commit(insert, producer)
    repeat { #expect(await wakeUps.next() != nil) } while try await fixture.queue.jobs().count < 2
  }

  @Test func `It follows a log that is made anew`() async throws {
    let fixture = try await QueueFixture()
    let log = fixture.queue.path + "-wal"
    try fixture.sql("PRAGMA wal_checkpoint(TRUNCATE);")
    let watcher = try CommitWatcher(fixture.queue)
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    // As the last of the other connections leaves it, and the next one makes it.
    try FileManager.default.moveItem(atPath: log, toPath: log + ".old")
    #expect(FileManager.default.createFile(atPath: log, contents: nil))
    _ = await wakeUps.next()
    try FileManager.default.removeItem(atPath: log)
    #expect(FileManager.default.createFile(atPath: log, contents: nil))
    _ = await wakeUps.next()
  }

  @Test func `Wake-ups that nobody takes are one`() async throws {
    let fixture = try await QueueFixture()
    let watcher = try CommitWatcher(fixture.queue)
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    for _ in 0..<10 { try await fixture.enqueue() }
    #expect(await wakeUps.next() != nil)
    watcher.stop()
    var rest = 0
    while await wakeUps.next() != nil { rest += 1 }
    #expect(rest <= 1)
  }
}
