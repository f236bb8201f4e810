import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct SettleTests {
  static let artifact = Artifact(
    role: "glb", path: "/store/a.glb", mediaType: "model/gltf-binary", bytes: 12,
    sha256: String(repeating: "a", count: 64), derivationKey: String(repeating: "b", count: 64),
    provenance: .object(["step": .string("work")]))

  @Test func `A completed job has its result, its artifacts and its event`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    fixture.clock.advance(by: .seconds(2))
    let result = StepResult(outcome: .cached, result: .object(["faces": .integer(6)]), artifacts: [Self.artifact])
    #expect(await fixture.settle(claimed, .completed(result)) == .settled(.completed(.cached)))
    let job = try await fixture.job(1)
    #expect((job.state, job.outcome, job.progress) == (.completed, .cached, 1))
    #expect(job.result == result.result)
    #expect(job.workerID == nil)
    #expect(job.finishedAt == fixture.clock.now)
    #expect(try await fixture.queue.artifacts(of: 1) == [Self.artifact])
    #expect(try await fixture.history(1) == [.enqueued, .started, .completed])
  }

  @Test func `A failure with attempts left comes back after its delay, at the cost of one attempt`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker, maxAttempts: 2)
    let standing = await fixture.settle(claimed, .failing(), retryDelay: .seconds(8))
    guard case .settled(.retryScheduled(let failure, delay: .seconds(8))) = standing else {
      Issue.record("\(standing)")
      return
    }
    var job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes, job.workerID) == (.scheduled, 1, 0, nil))
    #expect(job.runAt == fixture.clock.now.advanced(by: .seconds(8)))
    #expect(job.error == failure)
    let event = try #require(try await fixture.queue.events(of: 1).last)
    #expect((event.kind, event.fence, event.workerID) == (.retryScheduled, 1, worker.id))
    #expect(event.detail?["class"] == .string("tool_failed"))
    #expect(event.detail?["run_at"] == .string(fixture.clock.now.advanced(by: .seconds(8)).iso8601))

    fixture.clock.advance(by: .seconds(8))
    _ = try await fixture.queue.promote()
    let again = try await fixture.claimOne(worker)
    #expect((again.job.attempt, again.job.fence) == (2, 2))
    #expect(await fixture.settle(again, .failing()) == .settled(.failed(failure)))
    job = try await fixture.job(1)
    #expect((job.state, job.error, job.finishedAt) == (.failed, failure, fixture.clock.now))
    #expect(
      try await fixture.history(1) == [.enqueued, .started, .retryScheduled, .promoted, .started, .failed])
  }

  @Test func `A permanent error fails at once`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    await fixture.settle(claimed, .failing(.invalidInput, .fail))
    let job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.error?.failureClass) == (.failed, 1, .invalidInput))
  }

  @Test func `A crash costs a crash and no attempt, until its budget is spent`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    await fixture.settle(
      try await fixture.running(worker, maxCrashes: 2), .failing(.toolCrashed, .retryAsCrash))
    #expect((try await fixture.job(1).attempt, try await fixture.job(1).crashes) == (0, 1))
    await fixture.settle(try await fixture.claimOne(worker), .failing(.toolCrashed, .retryAsCrash))
    let job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes) == (.failed, 0, 2))
    #expect(job.error?.message.contains("2 times") == true)
  }

  @Test func `A snooze and a release cost nothing`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let snoozed = try await fixture.running(worker)
    await fixture.settle(snoozed, .snoozed(.seconds(30), reason: "The disk is full."))
    var job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes) == (.scheduled, 0, 0))
    #expect(try await fixture.queue.events(of: 1).last?.detail?["message"] == .string("The disk is full."))
    fixture.clock.advance(by: .seconds(30))
    _ = try await fixture.queue.promote()
    await fixture.settle(try await fixture.claimOne(worker), .released)
    job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes) == (.available, 0, 0))
    #expect(
      try await fixture.history(1) == [.enqueued, .started, .snoozed, .promoted, .started, .released])
  }

  @Test func `A cancelled run ends cancelled`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    #expect(try await fixture.queue.cancel(1) == .running)
    #expect(await fixture.settle(claimed, .cancelled) == .settled(.cancelled))
    #expect(try await fixture.history(1) == [.enqueued, .started, .cancelRequested, .cancelled])
  }

  static let handBacks: [RunEnding] = [
    .released, .snoozed(.seconds(5), reason: "Later."), .failing(), .failing(.toolCrashed, .retryAsCrash),
  ]

  @Test(arguments: handBacks.indices)
  func `A job that somebody wants cancelled does not go back to the queue`(_ ending: Int) async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    _ = try await fixture.queue.cancel(1)
    #expect(await fixture.settle(claimed, Self.handBacks[ending]) == .settled(.cancelled))
    #expect(try await fixture.state(1) == .cancelled)
  }

  static let endings: [RunEnding] =
    handBacks + [.completed(StepResult(artifacts: [artifact])), .cancelled, .failing(.invalidInput, .fail)]

  @Test(arguments: endings.indices)
  func `A stale fence changes nothing and learns that the lease is lost`(_ ending: Int) async throws {
    let fixture = try await QueueFixture()
    let first = try await fixture.worker()
    let stale = try await fixture.running(first)
    // The first worker is taken for dead, and another runs the job.
    first.die()
    for dead in try await fixture.queue.deadWorkers() { _ = try await fixture.queue.rescue(dead) }
    let second = try await fixture.worker()
    let current = try await fixture.claimOne(second)
    let before = try fixture.sql("SELECT * FROM jobs; SELECT * FROM job_events; SELECT count(*) FROM artifacts;")
    #expect(await fixture.settle(stale, Self.endings[ending]) == .leaseLost)
    #expect(
      try fixture.sql("SELECT * FROM jobs; SELECT * FROM job_events; SELECT count(*) FROM artifacts;") == before)
    await fixture.complete(current)
  }

  @Test func `What a run says under a stale fence is not recorded`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    let token = stale.job.token
    let process = ToolProcessRecord(tool: "t", runID: "r", pid: 1, startTicks: 1, bootID: "b")
    await fixture.settle(stale, .released)
    let current = try await fixture.claimOne(worker)
    #expect(try await fixture.queue.recordProgress(0.5, nil, of: token) == false)
    #expect(try await fixture.queue.recordToolStart(process, of: token, by: worker.id) == false)
    #expect(try fixture.sql("SELECT count(*) FROM tool_processes; SELECT count(progress) FROM jobs;") == ["0", "0"])
    #expect(try await fixture.queue.recordProgress(0.5, "half", of: current.job.token))
    #expect(try await fixture.queue.recordToolStart(process, of: current.job.token, by: worker.id))
    #expect(try await fixture.job(1).progressMessage == "half")
    await fixture.complete(current)
    #expect(try fixture.sql("SELECT count(*) FROM tool_processes;") == ["0"])
  }

  @Test func `A result that the schema refuses fails the job and does not keep it running`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    var empty = Self.artifact
    empty.bytes = 0
    let standing = await fixture.queue.settle(
      claimed.lease(), of: claimed.job, as: .completed(StepResult(artifacts: [empty])),
      keepTrying: { _ in
        Issue.record("it will never go through")
        return false
      }
    ).standing
    guard case .settled(.failed(let failure)) = standing else {
      Issue.record("\(standing)")
      return
    }
    #expect(failure.failureClass == .invalidOutput)
    #expect(try await fixture.state(1) == .failed)
    #expect(try await fixture.queue.artifacts(of: 1).isEmpty)
  }

  @Test func `An operator's retry gives fresh budgets`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    await fixture.settle(try await fixture.running(worker, maxAttempts: 1), .failing())
    #expect(try await fixture.queue.retry(1) == [1])
    let job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes, job.error) == (.available, 0, 0, nil))
    #expect(job.finishedAt == nil)
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job.fence == 2)
    await fixture.complete(claimed)
  }

  @Test func `Only a failed or cancelled job is retried, only an unfinished one cancelled`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    await #expect(throws: QueueError.self) { try await fixture.queue.retry(1) }
    await fixture.complete(claimed)
    await #expect(throws: QueueError.self) { try await fixture.queue.retry(1) }
    await #expect(throws: QueueError.self) { try await fixture.queue.cancel(1) }
    await #expect(throws: QueueError.noSuchJob(9)) { try await fixture.queue.cancel(9) }
  }

  @Test func `Anyone cancels a waiting job with one UPDATE`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue()
    try await fixture.enqueue(runAt: fixture.clock.now.advanced(by: .seconds(5)))
    let blocked = try await fixture.enqueue(dependsOn: [2])
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id IN (1, \(blocked));")
    #expect(try await fixture.states([1, 2, blocked]) == [.cancelled, .scheduled, .cancelled])
    #expect(try await fixture.history(1) == [.enqueued, .cancelRequested, .cancelled])
  }

  @Test func `A worker finds the cancellations of its own jobs`() async throws {
    let fixture = try await QueueFixture()
    let (first, second) = (try await fixture.worker(), try await fixture.worker())
    let claimed = [try await fixture.running(first), try await fixture.running(second)]
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = 2;")
    #expect(try await fixture.queue.cancelRequests(for: first.id).isEmpty)
    #expect(try await fixture.queue.cancelRequests(for: second.id) == [LeaseToken(jobID: 2, fence: 1)])
    await fixture.release(claimed)
  }
}
