import Jobs
import TestSupport
import Testing

@testable import Queueing

@Suite struct ClaimTests {
  @Test func `A claim leases the job: running, fence and attempt one up, under its worker`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let id = try await fixture.enqueue("work", .object(["n": .integer(4)]))
    fixture.clock.advance(by: .seconds(3))
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job == (try await fixture.job(id)))
    #expect(claimed.job.state == .running)
    #expect((claimed.job.fence, claimed.job.attempt, claimed.job.workerID) == (1, 1, worker.id))
    #expect(claimed.job.startedAt == fixture.clock.now)
    #expect(claimed.job.parameters == .object(["n": .integer(4)]))
    let event = try #require(try await fixture.queue.events(of: id).last)
    #expect((event.kind, event.fence, event.workerID, event.at) == (.started, 1, worker.id, fixture.clock.now))
    await fixture.complete(claimed)
  }

  @Test func `A running job is not claimed again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker)
    #expect(try await fixture.secondQueue().claim(worker.scope, limit: 10).isEmpty)
    await fixture.complete(claimed)
  }

  @Test func `Higher priorities run first, equal ones in the order of their ids`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for priority in [0, 5, -5, 5, 0] { try await fixture.enqueue(priority: priority) }
    try await fixture.enqueue("free", priority: 5)
    try await fixture.enqueue("render", .object(["source": .string("a")]), priority: 1)
    let claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(fixture.ids(claimed) == [2, 4, 6, 7, 1, 5, 3])
    await fixture.release(claimed)
  }

  @Test func `A claim takes no more than it was asked for`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for _ in 0..<5 { try await fixture.enqueue() }
    let claimed = try await fixture.queue.claim(worker.scope, limit: 2)
    #expect(fixture.ids(claimed) == [1, 2])
    #expect(try await fixture.queue.claim(worker.scope, limit: 0).isEmpty)
    await fixture.release(claimed)
  }

  @Test func `Jobs of steps and queues outside the scope are left alone`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker(["work", "render"], queues: ["cad"])
    try await fixture.enqueue("free")
    try await fixture.enqueue("render", .object(["source": .string("a")]))
    try await fixture.enqueue("work")
    let claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(fixture.ids(claimed) == [3])
    #expect(try await fixture.states([1, 2]) == [.available, .available])
    await fixture.release(claimed)
  }

  @Test func `A job is not run before its time, and then promoted`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let due = fixture.clock.now.advanced(by: .seconds(60))
    let id = try await fixture.enqueue(runAt: due)
    #expect(try await fixture.state(id) == .scheduled)
    #expect(try await fixture.queue.promote() == due)
    #expect(try await fixture.queue.claim(worker.scope, limit: 1).isEmpty)
    fixture.clock.advance(by: .seconds(60))
    #expect(try await fixture.queue.promote() == nil)
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job.availableAt == due)
    #expect(try await fixture.history(id) == [.enqueued, .promoted, .started])
    await fixture.complete(claimed)
  }

  @Test func `More due jobs than one transaction takes are all promoted`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
        INSERT INTO jobs (step, run_at, created_at) SELECT 'work', 1700000000000, 1600000000000 FROM n;
      """)
    #expect(try fixture.sql("SELECT count(*) FROM jobs WHERE state = 'scheduled';") == ["2500"])
    #expect(try await fixture.queue.promote() == nil)
    #expect(try fixture.sql("SELECT count(*) FROM jobs WHERE state = 'available';") == ["2500"])
  }

  @Test func `A row that cannot be read fails and does not stop the jobs behind it`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try fixture.sql(#"INSERT INTO jobs (step, parameters) VALUES ('free', '{"n":1e999}'), ('free', '{"n":1}');"#)
    let claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(fixture.ids(claimed) == [2])
    #expect(
      try fixture.sql("SELECT state, json_extract(error, '$.class') FROM jobs WHERE id = 1;")
        == ["failed|invalid_input"])
    await fixture.release(claimed)
  }

  @Test func `Looking for work writes nothing`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    #expect(try await fixture.queue.hasClaimable(worker.scope) == false)
    try await fixture.enqueue()
    #expect(try await fixture.queue.hasClaimable(worker.scope) == true)
    #expect(try await fixture.state(1) == .available)
  }

  /// The statements with their parameters filled in.
  private static let statements = [
    ClaimSQL.nextGroup, ClaimSQL.candidates, ClaimSQL.runningOfTenant, ClaimSQL.allowances,
  ]
  .map { sql in
    let values = ["?1": "'cad'", "?2": "'work'", "?3": "'default'", "?4": "10"]
    return values.reduce(sql) { $0.replacing($1.key, with: $1.value) } + ";"
  }

  @Test func `Every claim reads covering indexes of waiting or running rows, never all rows`() async throws {
    let fixture = try await QueueFixture()
    for statement in Self.statements {
      let plan = try fixture.sql(".eqp on\n" + statement).filter { $0.contains(" jobs ") || $0.hasSuffix(" jobs") }
      #expect(!plan.isEmpty)
      #expect(plan.allSatisfy { $0.contains("SEARCH jobs USING COVERING INDEX jobs_") }, "\(plan)")
    }
    let take = try fixture.sql("EXPLAIN QUERY PLAN UPDATE jobs SET fence = 1 WHERE id = 1 AND state = 'available';")
    #expect(take.last?.contains("USING INTEGER PRIMARY KEY") == true)
  }

  @Test
  func `A claim takes as many steps of SQLite's machine with twenty thousand waiting and finished rows as with one`()
    async throws
  {
    let fixture = try await QueueFixture()
    func cost() throws -> Int {
      let output = try fixture.sql(".stats vmstep\n" + Self.statements.joined(separator: "\n"))
      return output.compactMap { line in
        line.hasPrefix("VM-steps: ") ? Int(line.dropFirst("VM-steps: ".count)) : nil
      }.reduce(0, +)
    }
    for _ in 0..<10 { try await fixture.enqueue() }
    let few = try cost()
    try fixture.sql(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
        INSERT INTO jobs (step) SELECT 'work' FROM n;
      UPDATE jobs SET cancel_requested_at = 1 WHERE id % 2 = 0 AND id > 10;
      """)
    #expect(few > 0)
    #expect(try cost() == few)
  }
}
