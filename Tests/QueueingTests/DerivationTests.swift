import Jobs
import TestSupport
import Testing

@testable import Queueing

@Suite struct DerivationTests {
  private let key = String(repeating: "a", count: 64)
  private let other = String(repeating: "b", count: 64)

  private func artifact(_ name: String, key: String) -> Artifact {
    Artifact(
      role: "glb", path: "/store/\(name)", mediaType: "model/gltf-binary", bytes: 5,
      sha256: String(repeating: "c", count: 64), derivationKey: key, provenance: .object(["step": .string("work")]))
  }

  private func result(_ names: String..., key: String) -> StepResult {
    let artifacts = names.map { artifact($0, key: key) }
    return StepResult(
      result: .object(["artifacts": .array(artifacts.map { .object(["path": .string($0.path)]) })]),
      artifacts: artifacts)
  }

  private func claim(_ fixture: QueueFixture, _ claimed: ClaimedJob, isRemaking: Bool = false) async throws
    -> DerivationClaim?
  {
    try await fixture.queue.claimDerivation(key, of: claimed.job.token, isRemaking: isRemaking)
  }

  /// Job 1 makes it, job 2 waits for job 1.
  private func waiting(_ fixture: QueueFixture, _ worker: QueueFixture.TestWorker) async throws -> ClaimedJob {
    let maker = try await fixture.running(worker)
    #expect(try await claim(fixture, maker) == .make)
    let second = try await fixture.running(worker)
    #expect(try await claim(fixture, second) == .inProgress(1))
    #expect(
      await fixture.settle(second, .duplicate(DerivationWait(key: key, maker: 1)))
        == .settled(.awaiting([1], reason: Self.reason)))
    return maker
  }

  private static let reason =
    "The same derivation is already in-flight — skipping duplicate: job 1 makes it, and this one takes its result."

  @Test func `The second of two equal jobs waits without a slot, at no cost, and finds what the first has made`()
    async throws
  {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await waiting(fixture, worker)
    var job = try await fixture.job(2)
    #expect((job.state, job.attempt, job.workerID) == (.blocked, 0, nil))
    #expect(try await fixture.queue.claim(worker.scope, limit: 1).isEmpty)
    #expect(try await fixture.queue.maker(for: 2) == 1)
    let event = try #require(try await fixture.queue.events(of: 2).last)
    #expect((event.kind, event.detail?["jobs"]) == (.awaiting, .array([.integer(1)])))

    let made = result("a", "b", key: key)
    await fixture.settle(maker, .completed(made))
    job = try await fixture.job(2)
    #expect((job.state, job.progress) == (.available, nil))
    let again = try await fixture.claimOne(worker)
    #expect((again.job.id, again.job.attempt) == (2, 1))
    #expect(
      try await claim(fixture, again)
        == .made(EarlierResult(jobID: 1, result: made.result, artifacts: made.artifacts)))
    #expect(
      try fixture.sql("SELECT (SELECT count(*) FROM derivations), (SELECT count(*) FROM derivation_waits)") == ["0|0"])
    await fixture.complete(again)
    #expect(try await fixture.history(2) == [.enqueued, .started, .awaiting, .unblocked, .started, .completed])
  }

  @Test func `Who waits shows how far the maker is`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await waiting(fixture, worker)
    try await fixture.queue.recordProgress(0.5, "meshing", of: maker.job.token)
    let job = try await fixture.job(2)
    #expect((job.progress, job.progressMessage) == (0.5, "meshing"))
    await fixture.complete(maker)
  }

  private static let endings: [(String, RunEnding)] = [
    ("failed", .failing(.invalidInput, .fail)), ("to be retried", .failing()), ("handed back", .released),
    ("snoozed", .snoozed(.seconds(60), reason: "Later.")), ("cancelled", .cancelled),
    ("waiting for others", .awaiting([JobRequest(step: "work")], reason: "It needs more.")),
  ]

  @Test(arguments: endings.indices)
  func `However the maker ends, who waited goes on and makes it`(index: Int) async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await waiting(fixture, worker)
    if case .cancelled = Self.endings[index].1 { _ = try await fixture.queue.cancel(1) }
    await fixture.settle(maker, Self.endings[index].1, retryDelay: .seconds(60))
    #expect(try await fixture.state(2) == .available, "\(Self.endings[index].0)")
    let claimed = try await fixture.queue.claim(worker.scope, limit: 5)
    let second = try #require(claimed.first { $0.job.id == 2 })
    #expect(try await claim(fixture, second) == .make)
    await fixture.release(claimed)
  }

  @Test func `When the maker's worker dies, who waited goes on`() async throws {
    let fixture = try await QueueFixture()
    let (dying, living) = (try await fixture.worker(), try await fixture.worker())
    let maker = try await fixture.running(dying)
    #expect(try await claim(fixture, maker) == .make)
    let second = try await fixture.running(living)
    await fixture.settle(second, .duplicate(DerivationWait(key: key, maker: 1)))
    dying.die()
    for dead in try await fixture.queue.deadWorkers() {
      #expect(try await fixture.queue.rescue(dead) == [.retryScheduled: 1])
    }
    #expect(try await fixture.states([1, 2]) == [.available, .available])
    #expect(await fixture.complete(maker) == .leaseLost)
  }

  @Test func `A maker that ended before the wait was recorded is not waited for`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await fixture.running(worker)
    #expect(try await claim(fixture, maker) == .make)
    let second = try await fixture.running(worker)
    #expect(try await claim(fixture, second) == .inProgress(1))
    await fixture.settle(maker, .completed(result("a", key: key)))
    #expect(
      await fixture.settle(second, .duplicate(DerivationWait(key: key, maker: 1))) == .settled(.released))
    #expect(try await fixture.state(2) == .available)
  }

  @Test func `Who waits for a maker, and then for another job too, goes on when both are done`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await waiting(fixture, worker)
    try await fixture.enqueue()
    try fixture.sql("INSERT INTO job_dependencies (job_id, depends_on) VALUES (2, 3)")
    await fixture.settle(maker, .completed(result("a", key: key)))
    #expect(try await fixture.states([1, 2, 3]) == [.completed, .blocked, .available])
    #expect(try await fixture.queue.maker(for: 2) == nil)
    await fixture.complete(try await fixture.claimOne(worker))
    #expect(try await fixture.states([1, 2, 3]) == [.completed, .available, .completed])
  }

  @Test func `What a key has been asked for before costs the same however often that was`() async throws {
    let fixture = try await QueueFixture()
    let statement = JobQueue.earlierResultQuery.replacing("?1", with: "'\(key)'")
    let plan = try fixture.sql("EXPLAIN QUERY PLAN " + statement)
    #expect(plan.contains { $0.contains("SEARCH other USING") && $0.contains("(job_id=?)") }, "\(plan)")
  }

  @Test func `Other work is not waited for, and not found`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await fixture.running(worker)
    #expect(try await claim(fixture, maker) == .make)
    let second = try await fixture.running(worker)
    #expect(try await fixture.queue.claimDerivation(other, of: second.job.token) == .make)
    await fixture.settle(maker, .completed(result("a", key: key)))
    await fixture.settle(second, .completed(result("b", key: other)))
    let third = try await fixture.running(worker)
    guard case .made(let found) = try await claim(fixture, third) else {
      Issue.record("it has been made")
      return
    }
    #expect(found.artifacts.map(\.path) == ["/store/a"])
    await fixture.complete(third)
  }

  @Test func `A result of which an artifact is no longer recorded is made again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.running(worker)
    await fixture.settle(first, .completed(result("a", "b", key: key)))
    try fixture.sql("DELETE FROM artifacts WHERE path = '/store/b'")
    let second = try await fixture.running(worker)
    #expect(try await claim(fixture, second) == .make)
    await fixture.complete(second)
  }

  @Test func `What has been made is made again by who says that it is of no use`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.running(worker)
    await fixture.settle(first, .completed(result("a", key: key)))
    let (second, third) = (try await fixture.running(worker), try await fixture.running(worker))
    #expect(try await claim(fixture, second, isRemaking: true) == .make)
    #expect(try await claim(fixture, third, isRemaking: true) == .inProgress(2))
    await fixture.release([second, third])
  }

  @Test func `A run that lost its lease claims nothing`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker)
    let token = claimed.job.token
    await fixture.settle(claimed, .released)
    #expect(try await fixture.queue.claimDerivation(key, of: token) == nil)
    #expect(try fixture.sql("SELECT count(*) FROM derivations") == ["0"])
  }

  @Test func `Cancelling who waits leaves the maker alone`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let maker = try await waiting(fixture, worker)
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = 2")
    #expect(try await fixture.states([1, 2]) == [.running, .cancelled])
    #expect(try fixture.sql("SELECT count(*) FROM derivation_waits") == ["0"])
    #expect(await fixture.complete(maker) == .settled(.completed(.done)))
    #expect(try await fixture.state(2) == .cancelled)
  }

  @Test func `Of many who ask at once over several connections one makes it`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for _ in 0..<12 { try await fixture.enqueue() }
    let claimed = try await fixture.queue.claim(worker.scope, limit: 12)
    let queues = try (0..<3).map { _ in try fixture.secondQueue() }
    let tokens = claimed.map(\.job.token)
    let answers = try await withThrowingTaskGroup(of: DerivationClaim?.self) { group in
      for (index, token) in tokens.enumerated() {
        group.addTask { [key] in try await queues[index % 3].claimDerivation(key, of: token) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count { $0 == .make } == 1)
    #expect(Set(answers).count == 2)
    await fixture.release(claimed)
  }
}
