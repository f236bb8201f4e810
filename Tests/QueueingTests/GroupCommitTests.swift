import Jobs
import TestSupport
import Testing

@testable import Queueing

@Suite struct GroupCommitTests {
  @Test func `Writes that arrive together share a transaction, and a bad one harms nobody`() async throws {
    let fixture = try await QueueFixture()
    // While another process holds the lock, the writes gather.
    let other = try Program.python(LockHolder.script, [fixture.queue.path])
    #expect(other.readLine() == "locked")
    async let first = fixture.enqueue()
    let results = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
      for index in 0..<20 {
        group.addTask {
          do {
            try await fixture.enqueue("work", .object(["n": .integer(index % 5 == 3 ? -1 : Int64(index))]))
            return (index, nil)
          } catch {
            return (index, "\(error)")
          }
        }
      }
      try other.send("go")
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    _ = try await first
    #expect(try other.finish().status == 0)
    #expect(results.compactMapValues { $0 }.keys.sorted() == [3, 8, 13, 18])
    #expect(results[3] == "a parameter is out of its range; steps.parameter_schema says which values it takes")
    #expect(try await fixture.queue.jobs().count == 17)
  }

  @Test func `A write of several rows that fails leaves none of them, and its neighbours stand`() async throws {
    let fixture = try await QueueFixture()
    let lane = fixture.queue.lane
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<10 {
        group.addTask {
          try? await lane.write { db in
            try db.run("INSERT INTO tenants (name) VALUES ('a\(index)')")
            try db.run("INSERT INTO tenants (name) VALUES (\(index == 4 ? "NULL" : "'b\(index)'"))")
          }
        }
      }
    }
    #expect(try fixture.sql("SELECT count(*), count(*) FILTER (WHERE name LIKE '%4') FROM tenants;") == ["19|0"])
  }

  @Test func `A write runs to its end although the task that asked for it is cancelled`() async throws {
    let fixture = try await QueueFixture()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await fixture.enqueue()
    }
    #expect(try await task.value == 1)
    #expect(try await fixture.state(1) == .available)
  }

  @Test func `A lock that another process does not let go is one clear sentence, for all who wait`() async throws {
    let fixture = try await QueueFixture()
    let queue = try fixture.secondQueue(DatabaseOptions(durability: .normal, busyTimeout: .milliseconds(50)))
    let other = try Program.python(LockHolder.script, [fixture.queue.path])
    #expect(other.readLine() == "locked")
    let complaints = await withTaskGroup(of: String.self) { group in
      for _ in 0..<5 {
        group.addTask {
          do {
            _ = try await queue.enqueue([JobRequest(step: "work")])
            return "no error"
          } catch {
            return "\(error)"
          }
        }
      }
      return await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(complaints == ["Another process keeps \(queue.path) locked for writing; try again when it is done."])
    try other.send("go")
    #expect(try other.finish().status == 0)
    _ = try await queue.enqueue([JobRequest(step: "work")])
  }

  @Test func `A worker waits for a lock as long as it takes, and tells so while it waits`() async throws {
    let fixture = try await QueueFixture()
    let (complaints, continuation) = AsyncStream.makeStream(of: QueueError.self)
    var options = DatabaseOptions(durability: .normal, busyTimeout: nil)
    options.longWait = .milliseconds(50)
    options.onLongWait = { continuation.yield($0) }
    let queue = try fixture.secondQueue(options)
    let other = try Program.python(LockHolder.script, [fixture.queue.path])
    #expect(other.readLine() == "locked")
    async let ids = queue.enqueue([JobRequest(step: "work")])
    var waiting = complaints.makeAsyncIterator()
    for _ in 0..<2 { #expect(await waiting.next() == .busy(path: queue.path)) }
    try other.send("go")
    #expect(try other.finish().status == 0)
    #expect(try await ids.count == 1)
  }

  @Test func `Several daemons and plain producers write at once, and nothing is lost`() async throws {
    let fixture = try await QueueFixture()
    let script = """
      import sqlite3, sys
      db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
      for _ in range(200):
          db.execute("INSERT INTO jobs (step) VALUES ('work')")
      """
    let producers = try (0..<3).map { _ in try Program.python(script, [fixture.queue.path]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<3 {
        let queue = try fixture.secondQueue()
        group.addTask {
          for _ in 0..<200 { _ = try await queue.enqueue([JobRequest(step: "work")]) }
        }
      }
      try await group.waitForAll()
    }
    for producer in producers { #expect(try producer.finish().status == 0) }
    #expect(try fixture.sql("SELECT count(*), max(id) FROM jobs;") == ["1200|1200"])
  }
}

enum LockHolder {
  /// Holds the write lock until it is told to go on.
  static let script = """
    import sqlite3, sys
    db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    print("locked")
    sys.stdin.readline()
    db.execute("COMMIT")
    """
}
