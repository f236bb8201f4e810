import Jobs
import Queueing
import ServiceLifecycle
import Synchronization
import Testing
import Workers

@Suite("Steps that ask for other jobs", .timeLimit(.minutes(1)))
struct AwaitingStepTests {
  /// Asks for `count` jobs of the step `part` first, then returns the sum of their numbers.
  private static func sum(of count: Int) -> ClosureStep {
    ClosureStep { context in
      let parts = try await context.dependencies()
      guard parts.isEmpty else {
        let numbers = parts.compactMap { $0.result?["number"]?.integerValue }
        return StepResult(
          result: .object(["sum": .integer(numbers.reduce(0, +)), "parts": .integer(Int64(parts.count))]))
      }
      throw StepAwait(
        for: (1...count).map { JobRequest(step: "part", parameters: .object(["number": .integer(Int64($0))])) },
        reason: "It needs its parts.")
    }
  }

  private static let part = ClosureStep("part", queue: "parts", dedup: .parameters) { context in
    StepResult(result: .object(["number": context.parameters["number"] ?? .null]))
  }

  @Test("A step that asks for others runs again when they are done, and reads their results")
  func readsResults() async throws {
    let fixture = try await WorkerFixture(options: WorkerOptions(slots: 1), steps: [Self.sum(of: 3), Self.part])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id, "awaiting")
      await fixture.observer.waitForSettlement(of: id, "completed")
      let job = try await fixture.job(id)
      #expect(job.result == .object(["sum": .integer(6), "parts": .integer(3)]))
      #expect((job.attempt, job.crashes, job.fence) == (1, 0, 2))
      let kinds = try await fixture.queue.events(of: id).map(\.kind)
      #expect(kinds == [.enqueued, .started, .awaiting, .unblocked, .started, .completed])
    }
  }

  @Test("A step that asks for nothing fails at once")
  func asksForNothing() async throws {
    let fixture = try await WorkerFixture(steps: [ClosureStep { _ in throw StepAwait(for: [], reason: "No reason.") }])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id, "failed")
      #expect(try await fixture.job(id).error?.message.contains("asked to wait for no job") == true)
    }
  }

  @Test("A child that fails fails its parent, which does not run again")
  func childFails() async throws {
    let broken = ClosureStep("part", queue: "parts") { _ in throw JobFailure(.invalidInput, "part.step is empty.") }
    let fixture = try await WorkerFixture(steps: [Self.sum(of: 1), broken])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id + 1, "failed")
      let job = try await fixture.job(id)
      #expect((job.state, job.fence) == (.failed, 1))
      #expect(job.error?.message == "Job \(id + 1) (part), which this one asked for, failed: part.step is empty.")
    }
  }

  @Test("Cancelling a parent ends the child that runs")
  func cancels() async throws {
    let endless = ClosureStep("part", queue: "parts") { _ in
      try await Task.sleep(for: .seconds(3600))  // ends with the cancellation the test is about
      return StepResult()
    }
    let fixture = try await WorkerFixture(steps: [Self.sum(of: 1), endless])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForStart(of: id + 1)
      #expect(try await fixture.queue.cancel(id) == .cancelled)
      await fixture.observer.waitForSettlement(of: id + 1, "cancelled")
    }
  }

  @Test("A cancellation that comes while a step asks for others wins")
  func cancelWins() async throws {
    let gate = Gate()
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { _ in
        await gate.wait()
        throw StepAwait(for: [JobRequest(step: "test")], reason: "It needs another.")
      }
    ])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForStart(of: id)
      _ = try await fixture.queue.cancel(id)
      gate.open()
      await fixture.observer.waitForSettlement(of: id, "cancelled")
      #expect(try await fixture.queue.jobs().count == 1)
    }
  }

  @Test("Four workers finish a hundred families whose parents share children, each child once")
  func fourWorkers() async throws {
    let runs = Mutex<[JobID: Int]>([:])
    let part = ClosureStep("part", queue: "parts", dedup: .parameters) { context in
      runs.withLock { $0[context.job.id, default: 0] += 1 }
      return StepResult(result: .object(["number": context.parameters["number"] ?? .null]))
    }
    let steps: [any Step] = [Self.sum(of: 5), part]
    let first = try await WorkerFixture(options: WorkerOptions(slots: 4), steps: steps)
    try await first.queue.ensureQueues(["test": 8, "parts": 8])
    let ids = try await first.queue.enqueue((0..<100).map { _ in JobRequest(step: "test") }).map(\.jobID)
    var others: [WorkerFixture] = []
    for _ in 0..<3 {
      others.append(try await WorkerFixture(options: WorkerOptions(slots: 4), steps: steps, beside: first))
    }
    try await withThrowingTaskGroup { group in
      for fixture in [first] + others { group.addTask { try await fixture.group.run() } }
      for id in ids { await first.observer.waitForSettlement(of: id, "completed") }
      for fixture in [first] + others { await fixture.group.triggerGracefulShutdown() }
      try await group.waitForAll()
    }
    for id in ids {
      let job = try await first.job(id)
      #expect(job.result == .object(["sum": .integer(15), "parts": .integer(5)]))
      #expect((job.state, job.attempt, job.fence) == (.completed, 1, 2))
    }
    let children = try await first.queue.jobs(JobFilter(steps: ["part"], limit: 1000))
    #expect(children.allSatisfy { $0.state == .completed && $0.fence == 1 })
    #expect(runs.withLock { $0.count == children.count && $0.values.allSatisfy { $0 == 1 } })
  }
}
