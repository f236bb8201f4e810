import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct OverviewTests {
  @Test func `What runs is there with who waits for it, however long the line`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let grandchildren = try await fixture.ask(
      try await fixture.claim(children[0], worker),
      for: [JobRequest(step: "free", parameters: .object(["n": .integer(9)]))])
    let alone = try await fixture.enqueue()
    let run = try await fixture.claim(grandchildren[0], worker)
    let overview = try await fixture.queue.overview(limit: 10)
    #expect(overview.underWay.map(\.id) == [grandchildren[0], parent, children[0]])
    #expect(overview.parents == [grandchildren[0]: [children[0]], children[0]: [parent]])
    #expect(overview.workers.map(\.running) == [1])
    #expect(!overview.underWay.map(\.id).contains(alone))
    await fixture.complete(run)
    #expect(try await fixture.queue.overview(limit: 10).underWay.isEmpty)
  }

  @Test func `Endings are counted by the way, each once`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let start = Timestamp(milliseconds: 0)  // what the schema writes by itself has the time of day
    for _ in 0..<3 { try await fixture.complete(fixture.enqueue(), worker) }
    let first = try await fixture.queue.endings(after: nil, since: start, limit: 2)
    #expect(first.counts.map(\.count).reduce(0, +) == 3)
    #expect(first.counts.allSatisfy { $0.kind == .completed })
    #expect(first.newest.map(\.jobID) == [3, 2])
    let waiting = try await fixture.enqueue()
    _ = try await fixture.queue.cancel(waiting)
    let second = try await fixture.queue.endings(after: first.position, since: start, limit: 2)
    #expect(second.counts.map(\.count) == [1])
    #expect(second.newest.map(\.kind) == [.cancelled])
    #expect(try await fixture.queue.endings(after: second.position, since: start, limit: 2).counts.isEmpty)
  }

  @Test func `The last event before a time is found, also where events are missing`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
        INSERT INTO job_events (id, job_id, at, kind) SELECT i, 1, i * 10, 'enqueued' FROM n;
      DELETE FROM job_events WHERE id BETWEEN 300 AND 700 OR id < 5;
      """)
    func last(_ milliseconds: Int64) async throws -> Int64 {
      try await fixture.queue.lastEvent(before: Timestamp(milliseconds: milliseconds))
    }
    #expect(try await last(20_000) == 1000)
    #expect(try await last(10_000) == 999)
    #expect(try await last(5000) == 299)
    #expect(try await last(7015) == 701)
    #expect(try await last(50) == 0)
    #expect(try await last(51) == 5)
  }

  @Test func `Of a database without events there is none before any time`() async throws {
    let fixture = try await QueueFixture()
    #expect(try await fixture.queue.lastEvent(before: Timestamp(milliseconds: 1)) == 0)
    let endings = try await fixture.queue.endings(after: nil, since: Timestamp(milliseconds: 1), limit: 5)
    #expect(endings.counts.isEmpty && endings.newest.isEmpty && endings.position == 0)
  }
}
