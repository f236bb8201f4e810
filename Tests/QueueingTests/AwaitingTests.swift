import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct AwaitingTests {
  private let render = JobRequest(step: "render", parameters: .object(["source": .string("a")]))

  @Test func `A job that asks for others waits for them at no cost and then runs again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    var job = try await fixture.job(parent)
    #expect((job.state, job.attempt, job.crashes, job.workerID) == (.blocked, 0, 0, nil))
    #expect(children == [2, 3])
    #expect(try await fixture.states(children) == [.available, .available])
    #expect(try await fixture.job(2).parentID == parent)
    #expect(try await fixture.queue.dependencies(of: parent) == children)
    let event = try #require(try await fixture.queue.events(of: parent).last)
    #expect((event.kind, event.fence, event.workerID) == (.awaiting, 1, worker.id))
    #expect(
      event.detail
        == .object(["message": .string("It needs more."), "jobs": .array([.integer(2), .integer(3)])]))

    try await fixture.complete(2, worker)
    #expect(try await fixture.state(parent) == .blocked)
    try await fixture.complete(3, worker)
    job = try await fixture.job(parent)
    #expect((job.state, job.progress, job.progressMessage) == (.available, nil, nil))
    let again = try await fixture.claimOne(worker)
    #expect((again.job.id, again.job.attempt, again.job.fence) == (parent, 1, 2))
    await fixture.complete(again)
    #expect(
      try await fixture.history(parent) == [.enqueued, .started, .awaiting, .unblocked, .started, .completed])
  }

  @Test func `The results of the jobs it waited for are told, whoever said that it waits`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.enqueue("work", .object(["n": .integer(7)]))
    let parent = try await fixture.enqueue("free", dependsOn: [first])
    let result = StepResult(outcome: .cached, result: .object(["faces": .integer(6)]))
    await fixture.settle(try await fixture.claimOne(worker), .completed(result))
    let children = try await fixture.ask(try await fixture.claimOne(worker), for: [render])
    try await fixture.complete(children[0], worker)
    #expect(
      try await fixture.queue.dependencyResults(of: parent) == [
        DependencyResult(
          jobID: first, step: "work", parameters: .object(["n": .integer(7)]), state: .completed, outcome: .cached,
          progress: 1, result: result.result, isChild: false),
        DependencyResult(
          jobID: children[0], step: "render", parameters: render.parameters, state: .completed, outcome: .done,
          progress: 1, result: .object([:]), isChild: true),
      ])
  }

  @Test func `Equal work that runs already is waited for, not added again, unless it is being cancelled`() async throws
  {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    func parent(_ key: String) async throws -> ClaimedJob {
      try await fixture.claim(try await fixture.enqueue("free", key: key), worker)
    }
    let first = try await parent("a")
    let child = try #require(try await fixture.ask(first, for: [render]).first)
    let running = try await fixture.claim(child, worker)
    let second = try await parent("b")
    #expect(try await fixture.ask(second, for: [render]) == [child])
    let other = JobRequest(step: "render", parameters: .object(["source": .string("b")]))
    #expect(try await fixture.ask(try await parent("c"), for: [other]) != [child])
    await fixture.complete(running)
    #expect(try await fixture.states([first.job.id, second.job.id]) == [.available, .available])

    let again = try #require(try await fixture.ask(try await parent("d"), for: [render]).first)
    #expect(again != child)
    let cancelled = try await fixture.claim(again, worker)
    try fixture.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(again)")
    #expect(try await fixture.ask(try await parent("e"), for: [render]) != [again])
    await fixture.settle(cancelled, .cancelled)
  }

  @Test func `A child has the tenant of its parent, and its priority or more`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try fixture.sql("INSERT INTO tenants (name) VALUES ('acme');")
    try await fixture.enqueue("free", priority: 7, tenant: "acme")
    let requests = [nil, 3, -5, 1000].map { JobRequest(step: "work", priority: $0) }
    let children = try await fixture.ask(try await fixture.claimOne(worker), for: requests)
    #expect(
      try fixture.sql("SELECT tenant, priority FROM jobs WHERE id > 1;") == [
        "acme|7", "acme|10", "acme|7", "acme|1000",
      ])
    #expect(children.count == 4)
  }

  @Test func `Equal work that waits already is waited for and not added`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for number in 0..<2 { try await fixture.enqueue("free", .object(["n": .integer(Int64(number))])) }
    let (first, second) = (try await fixture.claimOne(worker), try await fixture.claimOne(worker))
    let child = try await fixture.ask(first, for: [render, render])
    #expect(child.count == 1)
    #expect(try await fixture.ask(second, for: [render]) == child)
    #expect(try await fixture.job(child[0]).parentID == first.job.id)
    try await fixture.complete(child[0], worker)
    #expect(try await fixture.states([first.job.id, second.job.id]) == [.available, .available])
  }

  @Test func `A producer's job stays the producer's when another job waits for it too`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let own = try await fixture.enqueue("render", render.parameters, priority: -1)
    try await fixture.enqueue("free")
    #expect(try await fixture.ask(try await fixture.claimOne(worker), for: [render]) == [own])
    #expect(try await fixture.job(own).parentID == nil)
  }

  @Test func `A child that a producer wants too is not only its parent's any more`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.enqueue("free")
    let child = try await fixture.ask(try await fixture.claimOne(worker), for: [render])[0]
    #expect(try await fixture.enqueue("render", render.parameters) == child)
    #expect(try await fixture.job(child).parentID == nil)
    _ = try await fixture.queue.cancel(1)
    #expect(try await fixture.states([1, child]) == [.cancelled, .available])
  }

  @Test func `A step that asks for nothing has failed`() async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    await fixture.settle(claimed, .awaiting([], reason: "No reason."))
    let job = try await fixture.job(1)
    #expect(job.state == .failed)
    #expect(
      job.error?.message == "The step work asked to wait for no job at all; this is a mistake of the step.")
  }

  static let refusals: [(JobRequest, String)] = [
    (
      JobRequest(step: "nonsense"),
      "The step work needs nonsense first, which cannot be added: There is no step 'nonsense'; known steps: free, render, work."
    ),
    (
      JobRequest(step: "render"),
      "The step work needs render first, which cannot be added: a required parameter is missing; steps.parameter_schema says which the step needs"
    ),
    (
      JobRequest(step: "work", dependsOn: [99]),
      "The step work needs work first, which cannot be added: depends_on names no job"
    ),
  ]

  @Test(arguments: refusals.indices)
  func `A child that is refused fails its parent with one sentence, and none is added`(_ index: Int) async throws {
    let fixture = try await QueueFixture()
    let claimed = try await fixture.running(try await fixture.worker())
    let (request, sentence) = Self.refusals[index]
    await fixture.settle(claimed, .awaiting([JobRequest(step: "work"), request], reason: "It needs more."))
    let job = try await fixture.job(1)
    #expect((job.state, job.error?.failureClass) == (.failed, .invalidInput))
    #expect(job.error?.message == sentence)
    #expect(try fixture.sql("SELECT count(*) FROM jobs; SELECT count(*) FROM job_dependencies;") == ["1", "0"])
    #expect(try await fixture.history(1) == [.enqueued, .started, .failed])
  }

  @Test func `Jobs that would wait for each other are refused`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let parent = try await fixture.enqueue("free")
    let dependent = try await fixture.enqueue("work", key: "k", dependsOn: [parent])
    let claimed = try await fixture.claimOne(worker)
    await fixture.settle(claimed, .awaiting([JobRequest(step: "work", dedupKey: "k")], reason: "It needs more."))
    #expect(
      try await fixture.job(parent).error?.message
        == "The step free cannot wait for job \(dependent): the jobs would wait for each other for ever")
  }

  @Test func `A step that never has enough is stopped, until an operator retries it`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let parent = try await fixture.enqueue("free")
    for _ in 0..<StepAwait.maximumRounds {
      let child = try await fixture.ask(try await fixture.claim(parent, worker), count: 1).children[0]
      try await fixture.complete(child, worker)
    }
    let claimed = try await fixture.claim(parent, worker)
    await fixture.settle(claimed, .awaiting([JobRequest(step: "work")], reason: "It needs more."))
    #expect(
      try await fixture.job(parent).error?.message
        == "The step free asked for other jobs 20 times and is still not content, the last time because: It needs more. Look for what changes or removes what they made; if nothing does, this is a mistake of the step."
    )
    _ = try await fixture.queue.retry(parent)
    _ = try await fixture.ask(try await fixture.claim(parent, worker), count: 1)
  }

  @Test func `A step that asks for itself is stopped`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    var job = try await fixture.enqueue("work")
    for _ in 0..<StepAwait.maximumDepth {
      job = try await fixture.ask(try await fixture.claim(job, worker), count: 1).children[0]
    }
    let claimed = try await fixture.claim(job, worker)
    await fixture.settle(claimed, .awaiting([JobRequest(step: "work")], reason: "It needs more."))
    #expect(try await fixture.job(job).error?.message.contains("8 times in a line") == true)
    #expect(try await fixture.state(1) == .failed)
  }

  @Test func `A run that asks for its own twin gives up its key`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.enqueue("render", render.parameters)
    let children = try await fixture.ask(try await fixture.claimOne(worker), for: [render])
    #expect(try await fixture.job(1).dedupKey == nil)
    #expect(try await fixture.job(children[0]).dedupKey != nil)
  }

  @Test func `Only a worker says who asked for a job`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue()
    let complaint = try fixture.refusal(of: "INSERT INTO jobs (step, parent_id) VALUES ('work', 1);")
    #expect(complaint.contains("are set by workers only"))
  }

  @Test func `A parent that waits holds no slot: its children run in its own queue with a limit of 1`() async throws {
    let fixture = try await QueueFixture(limits: ["cad": 1, "render": 1])
    let worker = try await fixture.worker()
    let (parent, children) = try await fixture.family(worker, children: 2)
    for child in children { try await fixture.complete(child, worker) }
    try await fixture.complete(parent, worker)
  }
}
