import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct DependencyTests {
  /// Jobs 1, 2, …; each waits for the ones given for it.
  private func graph(_ parents: [[JobID]], in fixture: QueueFixture) async throws {
    for parents in parents { try await fixture.enqueue(dependsOn: parents) }
  }

  private func complete(_ id: JobID, _ worker: QueueFixture.TestWorker, in fixture: QueueFixture) async throws {
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job.id == id)
    await fixture.complete(claimed)
  }

  private func fail(_ id: JobID, _ worker: QueueFixture.TestWorker, in fixture: QueueFixture) async throws {
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job.id == id)
    await fixture.settle(claimed, .failing(.invalidInput, .fail))
  }

  @Test func `A job waits until the job it depends on completes`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [1]], in: fixture)
    #expect(try await fixture.states([1, 2]) == [.available, .blocked])
    #expect(try await fixture.queue.dependencies(of: 2) == [1])
    fixture.clock.advance(by: .seconds(1))
    try await complete(1, worker, in: fixture)
    #expect(try await fixture.job(2).availableAt == fixture.clock.now)
    #expect(try await fixture.history(2) == [.enqueued, .blocked, .unblocked])
    try await complete(2, worker, in: fixture)
  }

  @Test func `The last of several parents releases the job, once`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [], [], [1, 2, 3]], in: fixture)
    for id in 1...3 as ClosedRange<JobID> {
      #expect(try await fixture.state(4) == .blocked)
      try await complete(id, worker, in: fixture)
    }
    #expect(try await fixture.history(4) == [.enqueued, .blocked, .unblocked])
  }

  @Test func `A chain and a diamond run in order`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [1], [1], [2, 3], [4]], in: fixture)
    for id in 1...5 as ClosedRange<JobID> { try await complete(id, worker, in: fixture) }
    #expect(try await fixture.queue.jobs(JobFilter(states: [.completed])).count == 5)
  }

  @Test func `A parent that is already complete blocks nobody`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[]], in: fixture)
    try await complete(1, worker, in: fixture)
    try await graph([[1]], in: fixture)
    #expect(try await fixture.state(2) == .available)
  }

  @Test func `A released job whose own time has not come is scheduled`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.enqueue()
    let due = fixture.clock.now.advanced(by: .seconds(60))
    try await fixture.enqueue(runAt: due, dependsOn: [1])
    #expect(try await fixture.state(2) == .blocked)
    try await complete(1, worker, in: fixture)
    #expect(try await fixture.state(2) == .scheduled)
    #expect(try await fixture.job(2).runAt == due)
  }

  @Test func `Plain SQL adds a job and what it waits for in one transaction`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      """
      BEGIN IMMEDIATE;
      INSERT INTO jobs (step) VALUES ('work');
      INSERT INTO jobs (step) VALUES ('work');
      INSERT INTO job_dependencies (job_id, depends_on) VALUES (2, 1);
      COMMIT;
      """)
    #expect(try await fixture.states([1, 2]) == [.available, .blocked])
  }

  @Test func `Jobs that would wait for each other are refused`() async throws {
    let fixture = try await QueueFixture()
    try await graph([[], [1], [2]], in: fixture)
    for (job, parent) in [(1, 3), (1, 2), (2, 2), (3, 3)] {
      let complaint = try fixture.refusal(
        of: "INSERT INTO job_dependencies (job_id, depends_on) VALUES (\(job), \(parent));")
      #expect(complaint.contains("would wait for each other for ever"))
    }
    #expect(try await fixture.states([1, 2, 3]) == [.available, .blocked, .blocked])
  }

  @Test func `Nobody waits for a job that does not exist, has failed, or once it has started`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[]], in: fixture)
    try await fail(1, worker, in: fixture)
    let insert = "INSERT INTO job_dependencies (job_id, depends_on) VALUES"
    let running = try await fixture.running(worker)
    try await graph([[]], in: fixture)
    #expect(try fixture.refusal(of: "\(insert) (3, 9);").contains("depends_on names no job"))
    #expect(try fixture.refusal(of: "\(insert) (3, 1);").contains("has failed or was cancelled"))
    #expect(try fixture.refusal(of: "\(insert) (2, 3);").contains("only a job that has not started"))
    await #expect(throws: QueueError.self) { try await fixture.enqueue(dependsOn: [1]) }
    #expect(try await fixture.queue.jobs().count == 3)
    await fixture.complete(running)
  }

  @Test func `What a job waits for cannot be taken away or changed`() async throws {
    let fixture = try await QueueFixture()
    try await graph([[], [1], []], in: fixture)
    #expect(try fixture.refusal(of: "DELETE FROM job_dependencies;").contains("still waits"))
    #expect(try fixture.refusal(of: "UPDATE job_dependencies SET depends_on = 3;").contains("is not changed"))
  }

  @Test func `A failure fails everyone down the line, in the same transaction`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [1], [1], [2, 3], [4], []], in: fixture)
    try await fail(1, worker, in: fixture)
    #expect(try await fixture.states([2, 3, 4, 5]) == [.failed, .failed, .failed, .failed])
    #expect(try await fixture.state(6) == .available)
    let error = try #require(try await fixture.job(5).error)
    #expect(error.failureClass == .dependencyFailed)
    #expect(error.message.contains("Job 1 (work)"))
    #expect(try await fixture.history(5) == [.enqueued, .blocked, .failed])
  }

  @Test func `A cancelled job takes those who wait for it along`() async throws {
    let fixture = try await QueueFixture()
    try await graph([[], [1], [2]], in: fixture)
    _ = try await fixture.queue.cancel(1)
    #expect(try await fixture.states([1, 2, 3]) == [.cancelled, .failed, .failed])
    #expect(try await fixture.job(3).error?.message.contains("was cancelled") == true)
  }

  @Test func `A retry of the cause sets everyone down the line waiting again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [1], [1], [2, 3], [4]], in: fixture)
    try await fail(1, worker, in: fixture)
    #expect(try await fixture.queue.retry(1) == [1, 2, 3, 4, 5])
    #expect(try await fixture.states([1, 2, 3, 4, 5]) == [.available, .blocked, .blocked, .blocked, .blocked])
    for id in 1...5 as ClosedRange<JobID> { try await complete(id, worker, in: fixture) }
  }

  @Test func `A job with two failed parents waits again only when both are retried`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [], [1, 2], [3]], in: fixture)
    try await fail(1, worker, in: fixture)
    try await fail(2, worker, in: fixture)
    #expect(try await fixture.queue.retry(1) == [1])
    #expect(try await fixture.states([3, 4]) == [.failed, .failed])
    #expect(try await fixture.queue.retry(2) == [2, 3, 4])
    for id in 1...4 as ClosedRange<JobID> { try await complete(id, worker, in: fixture) }
  }

  @Test func `A retry of a job whose parent has failed names that parent`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [1]], in: fixture)
    try await fail(1, worker, in: fixture)
    let error = await #expect(throws: QueueError.self) { try await fixture.queue.retry(2) }
    #expect(
      error?.description
        == "Job 2 waits for job 1, which did not complete; retry that one, and this one waits for it again.")
    #expect(try await fixture.state(2) == .failed)
  }

  @Test func `A finished parent can be deleted`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await graph([[], [], [1, 2]], in: fixture)
    try await complete(1, worker, in: fixture)
    try fixture.sql("PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = 1;")
    try await complete(2, worker, in: fixture)
    #expect(try await fixture.state(3) == .available)
  }
}
