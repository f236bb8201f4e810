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

  @Test func `A job that several children wait for goes with the last of them`() async throws {
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
    _ = try await fixture.queue.cancel(children[0])
    #expect(try await fixture.states([parent, children[1], id]) == [.failed, .cancelled, .cancelled])
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

@Suite struct FamilyProgressTests {
  private func progress(_ id: JobID, _ fixture: QueueFixture) async throws -> String {
    let job = try await fixture.job(id)
    return "\(job.progress.map { "\($0)" } ?? "none") \(job.progressMessage ?? "")"
  }

  @Test func `A parent that waits shows the mean of its children`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 4)
    #expect(try await progress(parent, fixture) == "0.0 0 of 4 jobs done")
    let first = try await fixture.claim(children[0], worker)
    try await fixture.queue.recordProgress(0.5, "half", of: first.job.token)
    #expect(try await progress(parent, fixture) == "0.125 0 of 4 jobs done")
    await fixture.complete(first)
    #expect(try await progress(parent, fixture) == "0.25 1 of 4 jobs done")
    let second = try await fixture.claim(children[1], worker)
    try await fixture.queue.recordProgress(0.5, nil, of: second.job.token)
    #expect(try await progress(parent, fixture) == "0.375 1 of 4 jobs done")
    await fixture.settle(second, .released)
    #expect(try await progress(parent, fixture) == "0.25 1 of 4 jobs done")
    for child in children.dropFirst() { try await fixture.complete(child, worker) }
    #expect(try await progress(parent, fixture) == "none ")
    let again = try await fixture.claim(parent, worker)
    #expect(again.job.progress == nil)
    await fixture.complete(again)
  }

  @Test func `Every parent that waits for a child shows how far it is`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let export = JobRequest(step: "render", parameters: .object(["source": .string("a")]))
    var child: JobID = 0
    for number in 1...2 as ClosedRange<Int64> {
      let parent = try await fixture.enqueue("free", .object(["n": .integer(number)]))
      child = try await fixture.ask(try await fixture.claim(parent, worker), for: [export])[0]
    }
    let claimed = try await fixture.claim(child, worker)
    try await fixture.queue.recordProgress(0.75, nil, of: claimed.job.token)
    for parent in [1, 3] as [JobID] { #expect(try await progress(parent, fixture) == "0.75 0 of 1 jobs done") }
    await fixture.complete(claimed)
  }

  @Test func `A job that a producer made wait shows no progress of others`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.enqueue()
    let second = try await fixture.enqueue(dependsOn: [first])
    let claimed = try await fixture.claimOne(worker)
    try await fixture.queue.recordProgress(0.5, nil, of: claimed.job.token)
    #expect(try await fixture.job(second).progress == nil)
    await fixture.complete(claimed)
  }
}

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

  @Test func `The limit of a queue is read as it is now`() async throws {
    let fixture = try await QueueFixture()
    #expect(try await fixture.queue.maxConcurrency(of: "cad") == 100)
    try fixture.sql("UPDATE worker_configs SET max_concurrency = 3 WHERE queue_name = 'cad';")
    #expect(try await fixture.queue.maxConcurrency(of: "cad") == 3)
    #expect(try await fixture.queue.maxConcurrency(of: "unheard of") == 1)
  }
}
