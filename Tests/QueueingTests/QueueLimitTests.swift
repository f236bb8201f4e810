import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct QueueLimitTests {
  private func enqueue(_ count: Int, tenants: [String] = ["default"], in fixture: QueueFixture) async throws {
    for tenant in tenants where tenant != "default" {
      try fixture.sql("INSERT INTO tenants (name) VALUES ('\(tenant)');")
    }
    let requests = tenants.flatMap { tenant in
      (0..<count).map { _ in JobRequest(step: "work", tenant: tenant) }
    }
    _ = try await fixture.queue.enqueue(requests)
  }

  @Test func `A queue runs no more jobs than max_concurrency`() async throws {
    let fixture = try await QueueFixture(limits: ["cad": 3])
    let worker = try await fixture.worker()
    try await enqueue(5, in: fixture)
    var claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 3)
    #expect(try await fixture.queue.claim(worker.scope, limit: 10).isEmpty)
    await fixture.complete(claimed.removeFirst())
    claimed += try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 3)
    await fixture.release(claimed)
  }

  @Test func `The bound holds over all daemons together while they race`() async throws {
    let fixture = try await QueueFixture(limits: ["cad": 4])
    try await enqueue(200, in: fixture)
    let most = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        let queue = try fixture.secondQueue()
        let worker = try await fixture.worker()
        group.addTask {
          var most = 0
          while true {
            let claimed = try await queue.claim(worker.scope, limit: 3)
            most = max(most, try await queue.runningLeases().count)
            for job in claimed { _ = await queue.settle(job.lease(), of: job.job, as: .completed(StepResult())) }
            if claimed.isEmpty,
              try await !queue.jobs(JobFilter(states: [.available], limit: 1)).contains(where: { _ in true })
            {
              return most
            }
          }
        }
      }
      return try await group.reduce(0, max)
    }
    #expect(most <= 4)
    #expect(
      try fixture.sql("SELECT count(*), min(fence), max(fence) FROM jobs WHERE state = 'completed';") == ["200|1|1"])
  }

  @Test func `An UPDATE of worker_configs takes effect at the next claim, in both directions`() async throws {
    let fixture = try await QueueFixture(limits: ["cad": 1])
    let worker = try await fixture.worker()
    try await enqueue(6, in: fixture)
    var claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 1)
    try fixture.sql("UPDATE worker_configs SET max_concurrency = 4 WHERE queue_name = 'cad';")
    claimed += try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 4)
    // Shrinking drains: what runs goes on, nothing is added until it fits.
    try fixture.sql("UPDATE worker_configs SET max_concurrency = 2 WHERE queue_name = 'cad';")
    await fixture.complete(claimed.removeFirst())
    await fixture.complete(claimed.removeFirst())
    #expect(try await fixture.queue.claim(worker.scope, limit: 10).isEmpty)
    await fixture.complete(claimed.removeFirst())
    claimed += try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 2)
    await fixture.release(claimed)
  }

  @Test func `A paused queue starts nothing until it goes on`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await enqueue(1, in: fixture)
    try await fixture.queue.configure("cad", paused: true)
    #expect(try await fixture.queue.claim(worker.scope, limit: 1).isEmpty)
    try await fixture.queue.configure("cad", paused: false)
    await fixture.complete(try await fixture.claimOne(worker))
  }

  @Test func `One tenant does not take all slots`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.configure("cad", maxPerTenant: .limit(2))
    try await enqueue(5, tenants: ["default", "acme"], in: fixture)
    var claimed = try await fixture.queue.claim(worker.scope, limit: 3)
    #expect(claimed.map(\.job.tenant) == ["default", "default", "acme"])
    claimed += try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.map(\.job.tenant) == ["default", "default", "acme", "acme"])
    await fixture.complete(claimed.removeFirst())
    claimed += try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.map(\.job.tenant) == ["default", "acme", "acme", "default"])
    await fixture.release(claimed)
  }

  @Test func `The limit per tenant counts every step of the queue`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.configure("cad", maxPerTenant: .limit(2))
    try await enqueue(2, in: fixture)
    try await fixture.enqueue("free")
    let claimed = try await fixture.queue.claim(worker.scope, limit: 10)
    #expect(claimed.count == 2)
    await fixture.release(claimed)
  }

  @Test func `A start rate is kept, and refills with time`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.configure("cad", maxStartsPerMinute: .limit(6))
    try await enqueue(30, in: fixture)
    func starts() async throws -> Int {
      let claimed = try await fixture.queue.claim(worker.scope, limit: 100)
      for job in claimed { await fixture.complete(job) }
      return claimed.count
    }
    #expect(try await starts() == 6)
    #expect(try await starts() == 0)
    fixture.clock.advance(by: .seconds(9))
    #expect(try await starts() == 0)
    fixture.clock.advance(by: .seconds(1))
    #expect(try await starts() == 1)
    fixture.clock.advance(by: .seconds(3600))
    #expect(try await starts() == 6)
  }

  @Test func `A clock set back a day does not stop a queue with a start rate`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.configure("cad", maxStartsPerMinute: .limit(1))
    try await enqueue(2, in: fixture)
    await fixture.complete(try await fixture.claimOne(worker))
    fixture.clock.advance(by: .seconds(-86_400))
    await fixture.complete(try await fixture.claimOne(worker))
  }

  @Test(arguments: [
    "max_concurrency = 0", "max_concurrency = 'many'", "max_concurrency = NULL", "paused = 2", "min_concurrency = 101",
    "max_per_tenant = 0", "max_starts_per_minute = -1",
  ])
  func `A bad limit is refused`(_ assignment: String) async throws {
    let fixture = try await QueueFixture()
    let complaint = try fixture.refusal(of: "UPDATE worker_configs SET \(assignment) WHERE queue_name = 'cad';")
    #expect(complaint.contains("constraint failed") || complaint.contains("cannot store"))
  }

  @Test func `Every change of a limit gets a version of its own`() async throws {
    let fixture = try await QueueFixture()
    let version = "SELECT updated_at FROM worker_configs WHERE queue_name = 'cad';"
    let first = try fixture.sql(version)
    let second = try fixture.sql("UPDATE worker_configs SET paused = 1 WHERE queue_name = 'cad';" + version)
    let third = try fixture.sql("UPDATE worker_configs SET paused = 0 WHERE queue_name = 'cad';" + version)
    #expect(Set(first + second + third).count == 3)
  }

  @Test func `A queue that does not exist is named, with those that do`() async throws {
    let fixture = try await QueueFixture()
    let error = await #expect(throws: QueueError.self) { try await fixture.queue.configure("cat", paused: true) }
    #expect(error?.description == "There is no queue 'cat'; known queues: cad, render.")
  }
}
