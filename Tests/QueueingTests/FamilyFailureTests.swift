import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct FamilyFailureTests {
  @Test func `A child that fails fails its parent with its own sentence`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 1)
    try await fixture.fail(children[0], worker, "part.step is empty.")
    let error = try #require(try await fixture.job(parent).error)
    #expect(error.failureClass == .dependencyFailed)
    #expect(error.message == "Job 2 (work), which this one asked for, failed: part.step is empty.")
  }

  @Test func `What nobody waits for any more is not started, and what runs may finish`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 4)
    let (_, grandchildren) = try await fixture.ask(try await fixture.claim(children[3], worker), count: 1)
    let running = try await fixture.claim(children[1], worker)
    try await fixture.fail(children[0], worker)
    #expect(try await fixture.states([parent] + children) == [.failed, .failed, .running, .cancelled, .cancelled])
    #expect(try await fixture.states(grandchildren) == [.cancelled])
    let event = try #require(try await fixture.queue.events(of: children[2]).last)
    #expect(event.kind == .cancelled)
    #expect(
      event.detail?["message"]
        == .string("Job 1, which asked for this one, did not go on, and nobody else waits for it."))
    #expect(await fixture.complete(running) == .settled(.completed(.done)))
    #expect(try await fixture.state(parent) == .failed)
  }

  @Test func `A grandchild that fails fails the whole line, and what waits for the parent too`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let waiting = try await fixture.enqueue(dependsOn: [parent])
    let (_, grandchildren) = try await fixture.ask(try await fixture.claim(children[0], worker), count: 1)
    try await fixture.fail(grandchildren[0], worker, "part.step is empty.")
    #expect(
      try await fixture.states([children[0], parent, waiting, children[1]]) == [.failed, .failed, .failed, .cancelled])
    let id = grandchildren[0]
    for line in [children[0], parent] {
      #expect(
        try await fixture.job(line).error?.message
          == "Job \(id) (work), which this one asked for, failed: part.step is empty.")
    }
    #expect(
      try await fixture.job(waiting).error?.message
        == "Job \(id) (work), which this one waited for, failed; retry that job and this one waits for it again.")
  }

  @Test func `A child that is cancelled by hand fails its parent and takes the others along`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(children[0]);")
    #expect(try await fixture.states([parent] + children) == [.failed, .cancelled, .cancelled])
    #expect(
      try await fixture.job(parent).error?.message
        == "Job \(children[0]) (work), which this one asked for, was cancelled; retry this one and both go on.")
  }
}
