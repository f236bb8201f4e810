import Jobs
import Queueing
import TestSupport
import Testing

/// What happens to one of a family happens to the others as far as it concerns them.
@Suite struct FamilyCancelTests {
  @Test func `Cancelling a parent with plain SQL cancels its waiting children at once and asks the running ones`()
    async throws
  {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 3)
    let running = try await fixture.claim(children[1], worker)
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(parent);")
    #expect(try await fixture.states([parent] + children) == [.cancelled, .cancelled, .running, .cancelled])
    #expect(try await fixture.queue.cancelRequests(for: worker.id) == [running.job.token])
    #expect(try await fixture.history(children[0]) == [.enqueued, .cancelRequested, .cancelled])
    #expect(try await fixture.history(children[1]) == [.enqueued, .started, .cancelRequested])
    #expect(
      try await fixture.history(parent) == [.enqueued, .started, .awaiting, .cancelRequested, .cancelled])
    #expect(await fixture.settle(running, .cancelled) == .settled(.cancelled))
  }

  @Test(arguments: ["OFF", "ON"])
  func `Grandchildren go too, whether or not triggers recurse`(_ recursion: String) async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let (_, grandchildren) = try await fixture.ask(try await fixture.claim(children[0], worker), count: 2)
    let (_, last) = try await fixture.ask(try await fixture.claim(grandchildren[0], worker), count: 1)
    let running = try await fixture.claim(grandchildren[1], worker)
    try fixture.sql(
      "PRAGMA recursive_triggers = \(recursion); UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(parent);")
    #expect(try await fixture.states([parent] + children) == [.cancelled, .cancelled, .cancelled])
    #expect(try await fixture.states(grandchildren + last) == [.cancelled, .running, .cancelled])
    for id in children + [grandchildren[0]] + last {
      #expect(try await fixture.history(id).suffix(2) == [.cancelRequested, .cancelled])
      #expect(try await fixture.history(id).filter { $0 == .cancelRequested }.count == 1)
    }
    await fixture.settle(running, .cancelled)
  }

  @Test func `A child that somebody else waits for lives, with all that it waits for`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let (_, grandchildren) = try await fixture.ask(try await fixture.claim(children[0], worker), count: 1)
    let other = try await fixture.enqueue(dependsOn: [children[0]])
    _ = try await fixture.queue.cancel(parent)
    #expect(try await fixture.states([parent, children[1]]) == [.cancelled, .cancelled])
    #expect(try await fixture.states([other, children[0], grandchildren[0]]) == [.blocked, .blocked, .available])
    for id in [grandchildren[0], children[0], other] { try await fixture.complete(id, worker) }
  }

  @Test(arguments: [false, true])
  func `A job that several children wait for goes with the last of them`(_ whole: Bool) async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let export = JobRequest(step: "render", parameters: .object(["source": .string("a")]))
    let (parent, children) = try await fixture.family(worker, children: 2)
    var shared: Set<JobID> = []
    for child in children {
      shared.formUnion(try await fixture.ask(try await fixture.claim(child, worker), for: [export]))
    }
    #expect(shared.count == 1)
    let id = try #require(shared.first)
    // A child that is cancelled by hand fails the parent, and that gives up the rest.
    _ = try await fixture.queue.cancel(whole ? parent : children[0])
    #expect(
      try await fixture.states([parent] + children + [id])
        == [whole ? .cancelled : .failed, .cancelled, .cancelled, .cancelled])
  }

  @Test func `A merged child goes with the last parent that waits for it, whoever asked first`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let export = JobRequest(step: "render", parameters: .object(["source": .string("a")]))
    var parents: [JobID] = []
    var child: JobID = 0
    for number in 0..<3 {
      let parent = try await fixture.enqueue("free", .object(["n": .integer(Int64(number))]))
      child = try await fixture.ask(try await fixture.claim(parent, worker), for: [export])[0]
      parents.append(parent)
    }
    for parent in parents.dropLast() {
      _ = try await fixture.queue.cancel(parent)
      #expect(try await fixture.state(child) == .available)
    }
    _ = try await fixture.queue.cancel(parents[2])
    #expect(try await fixture.state(child) == .cancelled)
  }

  @Test func `A final parent takes nobody along`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let running = try await fixture.claim(children[1], worker)
    try await fixture.fail(children[0], worker)
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(parent);")
    #expect(try await fixture.queue.cancelRequests(for: worker.id).isEmpty)
    await fixture.complete(running)
  }
}
