import Jobs
import Queueing
import TestSupport
import Testing

/// What may come between a run and the settlement that makes it wait.
@Suite struct AwaitingRaceTests {
  private let ending = RunEnding.awaiting([JobRequest(step: "work")], reason: "It needs more.")

  @Test func `A cancellation that came first wins, and nothing is added`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    _ = try await fixture.queue.cancel(1)
    #expect(await fixture.settle(claimed, ending) == .settled(.cancelled))
    #expect(try fixture.sql("SELECT count(*) FROM jobs;") == ["1"])
    #expect(try await fixture.history(1) == [.enqueued, .started, .cancelRequested, .cancelled])
  }

  @Test func `A run that lost its lease adds nothing and changes nothing`() async throws {
    let fixture = try await QueueFixture()
    let first = try await fixture.worker()
    let stale = try await fixture.running(first)
    first.die()
    for dead in try await fixture.queue.deadWorkers() { _ = try await fixture.queue.rescue(dead) }
    let current = try await fixture.claimOne(try await fixture.worker())
    let before = try fixture.everything()
    #expect(await fixture.settle(stale, ending) == .leaseLost)
    #expect(try fixture.everything() == before)
    await fixture.complete(current)
  }

  @Test func `The death of the worker that asked changes nothing for a job that waits`() async throws {
    let fixture = try await QueueFixture()
    let first = try await fixture.worker()
    let (parent, children) = try await fixture.family(first, children: 1)
    first.die()
    for dead in try await fixture.queue.deadWorkers() { #expect(try await fixture.queue.rescue(dead).isEmpty) }
    #expect(try await fixture.job(parent).crashes == 0)
    let second = try await fixture.worker()
    try await fixture.complete(children[0], second)
    try await fixture.complete(parent, second)
  }

  @Test func `What fails in the middle of it leaves nothing of it`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    // The last write of the settlement but one.
    try fixture.sql(
      """
      CREATE TRIGGER trip BEFORE INSERT ON job_events WHEN NEW.kind = 'awaiting' BEGIN
        SELECT RAISE(ABORT, 'stepworks: tripped');
      END;
      """)
    let before = try fixture.everything()
    let standing = await fixture.queue.settle(claimed.lease(), of: claimed.job, as: ending).standing
    guard case .settled(.failed(let failure)) = standing else {
      Issue.record("\(standing)")
      return
    }
    #expect(failure.message == "The step's result cannot be stored: tripped")
    #expect(try fixture.sql("SELECT count(*) FROM jobs; SELECT count(*) FROM job_dependencies;") == ["1", "0"])
    #expect(before.count + 1 == (try fixture.everything().count), "the event of the failure")
  }

  @Test func `Two bad settlements in one commit do not take a good one down`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.enqueue("work")
    try await fixture.enqueue("work")
    try await fixture.enqueue("work")
    let claimed = try await fixture.queue.claim(worker.scope, limit: 3)
    let wrong = RunEnding.awaiting([JobRequest(step: "nonsense")], reason: "It needs more.")
    await withTaskGroup { group in
      for (job, ending) in zip(claimed, [wrong, ending, wrong]) {
        group.addTask { await fixture.settle(job, ending) }
      }
    }
    #expect(try await fixture.states([1, 2, 3]) == [.failed, .blocked, .failed])
    #expect(try await fixture.queue.dependencies(of: 2) == [4])
  }
}
