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

  @Test func `A parent shows how far a job is that it shares with a producer`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let requests = ["a", "b"].map { JobRequest(step: "render", parameters: .object(["source": .string($0)])) }
    let before = try await fixture.enqueue("render", requests[0].parameters)
    let parent = try await fixture.enqueue("free")
    let children = try await fixture.ask(try await fixture.claim(parent, worker), for: requests)
    #expect(try await fixture.enqueue("render", requests[1].parameters) == children[1])
    #expect(children[0] == before)
    for child in children { #expect(try await fixture.job(child).parentID == nil) }

    let first = try await fixture.claim(children[0], worker)
    try await fixture.queue.recordProgress(0.5, nil, of: first.job.token)
    #expect(try await progress(parent, fixture) == "0.25 0 of 2 jobs done")
    await fixture.settle(first, .released)
    #expect(try await progress(parent, fixture) == "0.0 0 of 2 jobs done")
    try await fixture.complete(children[0], worker)
    #expect(try await progress(parent, fixture) == "0.5 1 of 2 jobs done")
    try await fixture.complete(children[1], worker)
    #expect(try await progress(parent, fixture) == "none ")
    try await fixture.complete(parent, worker)
  }

  @Test
  func `Progress takes as many steps of SQLite's machine with ten thousand that a producer made wait as with one`()
    async throws
  {
    let fixture = try await QueueFixture()
    func cost() throws -> Int {
      let output = try fixture.sql(".stats vmstep\nUPDATE jobs SET progress = progress + 0.1 WHERE id = 1;")
      return output.compactMap { line in
        line.hasPrefix("VM-steps: ") ? Int(line.dropFirst("VM-steps: ".count)) : nil
      }.reduce(0, +)
    }
    let first = try await fixture.enqueue()
    try await fixture.enqueue(dependsOn: [first])
    try fixture.sql("UPDATE jobs SET progress = 0 WHERE id = 1;")
    let few = try cost()
    try fixture.sql(
      """
      BEGIN;
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO jobs (step) SELECT 'work' FROM n;
      INSERT INTO job_dependencies (job_id, depends_on) SELECT id, 1 FROM jobs WHERE id > 2;
      COMMIT;
      """)
    #expect(few > 0)
    #expect(try cost() == few)
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
