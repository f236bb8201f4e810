import Jobs
import Queueing
import TestSupport
import Testing

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
