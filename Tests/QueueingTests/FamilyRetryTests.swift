import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct FamilyRetryTests {
  @Test func `One retry of the parent mends all that it asked for, and what is done stays done`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 4)
    try await fixture.complete(children[0], worker)
    try await fixture.fail(children[1], worker)
    #expect(
      try await fixture.states([parent] + children) == [.failed, .completed, .failed, .cancelled, .cancelled])
    #expect(try await fixture.queue.retry(parent) == [parent, children[1], children[2], children[3]])
    #expect(
      try await fixture.states([parent] + children) == [.blocked, .completed, .available, .available, .available])
    let job = try await fixture.job(parent)
    #expect((job.progress, job.progressMessage, job.error) == (0.25, "1 of 4 jobs done", nil))
    for child in children.dropFirst() { try await fixture.complete(child, worker) }
    #expect(
      try await fixture.queue.dependencyResults(of: parent).map(\.state) == [
        .completed, .completed, .completed, .completed,
      ])
    try await fixture.complete(parent, worker)
  }

  @Test func `A retry of a cancelled parent reaches grandchildren`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 1)
    let (_, grandchildren) = try await fixture.ask(try await fixture.claim(children[0], worker), count: 1)
    _ = try await fixture.queue.cancel(parent)
    #expect(try await fixture.queue.retry(parent) == [parent] + grandchildren + children)
    for id in grandchildren + children + [parent] { try await fixture.complete(id, worker) }
  }

  @Test func `A retry takes back the cancellation of a child that still runs`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 1)
    let running = try await fixture.claim(children[0], worker)
    _ = try await fixture.queue.cancel(parent)
    #expect(try await fixture.queue.retry(parent) == [parent])
    // Its worker had already ended the tool.
    #expect(await fixture.settle(running, .cancelled) == .settled(.released))
    #expect(try await fixture.states([parent] + children) == [.blocked, .available])
    #expect(try await fixture.job(children[0]).attempt == 0)
    try await fixture.complete(children[0], worker)
    try await fixture.complete(parent, worker)
  }

  @Test func `A retry of the child that failed sets its parent and the others going again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 3)
    try await fixture.fail(children[0], worker)
    #expect(try await fixture.queue.retry(children[0]) == [children[0], children[1], children[2], parent])
    #expect(try await fixture.states([parent] + children) == [.blocked, .available, .available, .available])
  }

  @Test func `Two children that failed hold their parent back until both are retried`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    let running = try await fixture.claim(children[1], worker)
    try await fixture.fail(children[0], worker)
    await fixture.settle(running, .failing(.invalidInput, .fail))
    #expect(try await fixture.queue.retry(children[0]) == [children[0]])
    #expect(try await fixture.state(parent) == .failed)
    #expect(try await fixture.queue.retry(children[1]) == [children[1], parent])
  }

  @Test func `What a producer made a job wait for is still retried by itself`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.enqueue()
    let second = try await fixture.enqueue(dependsOn: [first])
    try await fixture.fail(first, worker)
    await #expect(throws: QueueError.waitsForFailed(jobID: second, parent: first)) {
      try await fixture.queue.retry(second)
    }
  }
}
