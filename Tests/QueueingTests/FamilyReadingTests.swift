import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct FamilyReadingTests {
  @Test func `Which jobs are not final is told, and what each waits for`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 3)
    try await fixture.complete(children[0], worker)
    #expect(
      try await fixture.queue.unfinished(among: [parent, children[0], children[1], 99]) == [parent, children[1]])
    #expect(try await fixture.queue.unfinished(among: []) == [])
    #expect(
      try await fixture.queue.unfinishedDependencies(of: [parent, children[1]]) == [parent: [children[1], children[2]]])
  }

  @Test func `A finished parent can be deleted, and its children stay`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 1)
    for id in children + [parent] { try await fixture.complete(id, worker) }
    try fixture.sql("PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = \(parent);")
    #expect(try await fixture.job(children[0]).parentID == nil)
    #expect(try fixture.sql("SELECT count(*) FROM job_dependencies;") == ["0"])
  }

  @Test func `The limit of a queue is read as it is now`() async throws {
    let fixture = try await QueueFixture()
    #expect(try await fixture.queue.maxConcurrency(of: "cad") == 100)
    try fixture.sql("UPDATE worker_configs SET max_concurrency = 3 WHERE queue_name = 'cad';")
    #expect(try await fixture.queue.maxConcurrency(of: "cad") == 3)
    #expect(try await fixture.queue.maxConcurrency(of: "unheard of") == 1)
  }
}
