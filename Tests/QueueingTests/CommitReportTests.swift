import Foundation
import Jobs
import Queueing
import Synchronization
import TestSupport
import Testing

struct CommitReportTests {
  @Test func `Each write transaction tells what it waited, what it held the lock for, and how much it wrote`()
    async throws
  {
    let fixture = try await QueueFixture()
    let reports = Collected<CommitReport>()
    var options = DatabaseOptions(durability: .normal)
    options.onCommit = { reports.add($0) }
    let queue = try fixture.secondQueue(options)
    _ = try await queue.enqueue([JobRequest(step: "work")])
    let report = try #require(reports.all.last)
    #expect(report.writes == 1)
    #expect(report.held > .zero)
  }

  @Test func `The wait for another process counts as wait for the lock`() async throws {
    let fixture = try await QueueFixture()
    let reports = Collected<CommitReport>()
    var options = DatabaseOptions(durability: .normal)
    options.onCommit = { reports.add($0) }
    let queue = try fixture.secondQueue(options)
    let holder = try Program(["sqlite3", queue.path])
    try holder.send("BEGIN IMMEDIATE; SELECT 'held';")
    #expect(holder.readLine() == "held")
    async let write = queue.enqueue([JobRequest(step: "work")])
    while queue.writeLockWait == .zero { await Task.yield() }
    let least = queue.writeLockWait
    try holder.send("COMMIT; SELECT 'free';")
    #expect(holder.readLine() == "free")
    _ = try await write
    #expect(try #require(reports.all.last).lockWait >= least)
    #expect(queue.writeLockWait == .zero)
    _ = try holder.finish()
  }

  @Test func `A write that fails is no commit`() async throws {
    let fixture = try await QueueFixture()
    let reports = Collected<CommitReport>()
    var options = DatabaseOptions(durability: .normal)
    options.onCommit = { reports.add($0) }
    let queue = try fixture.secondQueue(options)
    await #expect(throws: QueueError.self) { try await queue.enqueue([JobRequest(step: "unknown")]) }
    #expect(reports.all.isEmpty)
  }

  @Test func `A commit that leaves a long log checkpoints it, and tells that it did`() async throws {
    let fixture = try await QueueFixture()
    let checkpoints = Collected<Duration>()
    var options = DatabaseOptions(durability: .normal)
    options.onCheckpoint = { checkpoints.add($0) }
    let queue = try fixture.secondQueue(options)
    _ = try await queue.enqueue([JobRequest(step: "work")])
    #expect(checkpoints.all.isEmpty)
    // More than a thousand pages of 4 KiB.
    for number in Int64(0)..<6 {
      let text = JSONValue.string(String(repeating: "x", count: 900_000))
      _ = try await queue.enqueue([
        JobRequest(step: "free", parameters: .object(["text": text, "n": .integer(number)]))
      ])
    }
    #expect(checkpoints.all.contains { $0 > .zero })
    let size = try FileManager.default.attributesOfItem(atPath: queue.path)[.size] as? Int
    #expect(try #require(size) > 4_000_000)  // it is in the database's own file
  }
}

/// What a callback was told.
private final class Collected<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])

  var all: [Value] { values.withLock { $0 } }

  func add(_ value: Value) { values.withLock { $0.append(value) } }
}
