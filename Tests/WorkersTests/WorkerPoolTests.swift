import Foundation
import Jobs
import Queueing
import ServiceLifecycle
import Synchronization
import Testing
import Workers

@Suite("Worker pool", .timeLimit(.minutes(1)))
struct WorkerPoolTests {
  @Test("A committed job is run, and its result is stored")
  func completes() async throws {
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { context in StepResult(result: .object(["echo": context.parameters])) }
    ])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id)
      let job = try await fixture.job(id)
      #expect(job.state == .completed)
      #expect(job.outcome == .done)
      #expect(job.result == .object(["echo": .object([:])]))
      #expect(job.attempt == 1)
      #expect(job.fence == 1)
      #expect(job.workerID == nil)
    }
  }

  @Test("A claim that a commit led to tells how long ago the commit was noticed")
  func wakeUpLatency() async throws {
    let fixture = try await WorkerFixture(steps: [ClosureStep { _ in StepResult() }])
    try await fixture.run { fixture in
      // The end of one job makes the pool look too, and it may find the next one before the watcher tells of it.
      var caused: ClaimReport?
      while caused == nil {
        await fixture.observer.waitForSettlement(of: try await fixture.enqueue())
        for case .claimed(let report) in fixture.observer.all where report.sinceNotice != nil { caused = report }
      }
      #expect(caused?.jobs == 1)
      #expect(try #require(caused?.sinceNotice) >= #require(caused?.took))
    }
  }

  @Test("Files that a run has made are told, files that it took over are not")
  func publishedArtifacts() async throws {
    let artifact = Artifact(
      role: "glb", path: "/somewhere/part.glb", mediaType: "model/gltf-binary", bytes: 7,
      sha256: String(repeating: "a", count: 64), derivationKey: String(repeating: "b", count: 64),
      provenance: .object([:]))
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { context in
        StepResult(outcome: context.job.attempt == 1 && context.job.id == 1 ? .done : .cached, artifacts: [artifact])
      }
    ])
    try await fixture.run { fixture in
      for id in [try await fixture.enqueue(), try await fixture.enqueue()] {
        await fixture.observer.waitForSettlement(of: id)
      }
      let published = fixture.observer.all.compactMap {
        if case .artifactsPublished(let job, let files) = $0 { (job.id, files) } else { nil }
      }
      #expect(published.map(\.0) == [1])
      #expect(published.first?.1 == [artifact])
    }
  }

  @Test("A retryable failure is scheduled again until the attempts are spent")
  func retries() async throws {
    let fixture = try await WorkerFixture(steps: [
      ClosureStep(retry: RetryPolicy(base: .milliseconds(1), factor: 1)) { _ in
        throw JobFailure(.toolFailed, "It broke.", exit: 70)
      }
    ])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue(maxAttempts: 3)
      await fixture.observer.waitForSettlement(of: id, "failed")
      let job = try await fixture.job(id)
      #expect(job.attempt == 3)
      #expect(job.error == JobFailure(.toolFailed, "It broke.", exit: 70))
      let kinds = try await fixture.queue.events(of: id).map(\.kind)
      #expect(kinds.filter { $0 == .retryScheduled }.count == 2)
      #expect(kinds.last == .failed)
    }
  }

  @Test("An input error fails at once")
  func inputError() async throws {
    let fixture = try await WorkerFixture(steps: [ClosureStep { _ in throw JobFailure(.invalidInput, "Bad.") }])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id, "failed")
      #expect(try await fixture.job(id).attempt == 1)
    }
  }

  @Test("Parameters that the schema refuses fail the job before its step runs")
  func wrongParameters() async throws {
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { _ in
        Issue.record("The step must not run")
        return StepResult()
      }
    ])
    // As another version of the step published it: the insert triggers would refuse it otherwise.
    try runSQL("UPDATE steps SET parameter_schema = '{}'", on: fixture.queue.path)
    try await fixture.run { fixture in
      let id = try await fixture.queue.enqueue([
        JobRequest(step: "test", parameters: .object(["number": .integer(11)]))
      ])[0].jobID
      await fixture.observer.waitForSettlement(of: id, "failed")
      #expect(try await fixture.job(id).error?.message.contains("'number' of test must be a whole number") == true)
    }
  }

  @Test("A snoozed job costs no attempt and waits")
  func snoozes() async throws {
    let fixture = try await WorkerFixture(steps: [
      ClosureStep { _ in throw StepSnooze(for: .seconds(3600), reason: "The licence server sleeps.") }
    ])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: id, "snoozed")
      let job = try await fixture.job(id)
      #expect(job.state == .scheduled)
      #expect(job.attempt == 0)
    }
  }

  @Test("A running job whose cancellation is requested is stopped and cancelled")
  func cancels() async throws {
    let fixture = try await WorkerFixture(steps: [.untilCancelled])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForStart(of: id)
      #expect(try await fixture.queue.cancel(id) == .running)
      await fixture.observer.waitForSettlement(of: id, "cancelled")
      #expect(try await fixture.job(id).state == .cancelled)
    }
  }

  @Test("A drain lets running jobs finish and claims no more")
  func drains() async throws {
    let gate = Gate()
    let fixture = try await WorkerFixture(
      options: WorkerOptions(slots: 1),
      steps: [
        ClosureStep { _ in
          await gate.wait()
          return StepResult()
        }
      ])
    let ids = Mutex<[JobID]>([])
    try await fixture.run { fixture in
      let first = try await fixture.enqueue()
      let second = try await fixture.enqueue()
      ids.withLock { $0 = [first, second] }
      await fixture.observer.waitForStart(of: first)
      await fixture.group.triggerGracefulShutdown()
      await fixture.observer.wait { if case .worker("draining", _) = $0 { true } else { false } }
      gate.open()
    }
    let (first, second) = ids.withLock { ($0[0], $0[1]) }
    #expect(try await fixture.job(first).state == .completed)
    #expect(try await fixture.job(second).state == .available)
    #expect(try await fixture.job(second).attempt == 0)
  }

  @Test("A job that outlasts the drain is handed back without costing an attempt")
  func drainDeadline() async throws {
    let fixture = try await WorkerFixture(
      options: WorkerOptions(drain: .milliseconds(50)), steps: [.untilCancelled])
    let id = Mutex<JobID>(0)
    try await fixture.run { fixture in
      let job = try await fixture.enqueue()
      id.withLock { $0 = job }
      await fixture.observer.waitForStart(of: job)
    }
    let job = try await fixture.job(id.withLock { $0 })
    #expect(job.state == .available)
    #expect(job.attempt == 0)
    #expect(job.crashes == 0)
  }

  @Test("A second signal hands running jobs back without waiting for the deadline")
  func hurries() async throws {
    let fixture = try await WorkerFixture(
      options: WorkerOptions(drain: .seconds(3600)), steps: [.untilCancelled])
    let id = Mutex<JobID>(0)
    try await fixture.run { fixture in
      let job = try await fixture.enqueue()
      id.withLock { $0 = job }
      await fixture.observer.waitForStart(of: job)
      await fixture.group.triggerGracefulShutdown()
      await fixture.observer.wait { if case .worker("draining", _) = $0 { true } else { false } }
      fixture.pool.hurry()
    }
    #expect(try await fixture.job(id.withLock { $0 }).state == .available)
  }

  @Test("A run that lost its lease is stopped by the heartbeat and changes nothing")
  func losesLease() async throws {
    let fixture = try await WorkerFixture(
      options: WorkerOptions(heartbeat: .milliseconds(20)), steps: [.untilCancelled])
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      await fixture.observer.waitForStart(of: id)
      try runSQL("UPDATE jobs SET fence = fence + 1 WHERE id = \(id)", on: fixture.queue.path)
      await fixture.observer.wait { if case .leaseLost(let job) = $0 { job.id == id } else { false } }
      let job = try await fixture.job(id)
      #expect(job.state == .running)
      #expect(job.fence == 2)
    }
  }

  @Test("A paused queue is left alone until an UPDATE resumes it, which takes effect at once")
  func pauses() async throws {
    let fixture = try await WorkerFixture(
      options: WorkerOptions(sweep: .seconds(3600)), steps: [ClosureStep { _ in StepResult() }])
    try await fixture.queue.ensureQueues(["test": 1])
    try await fixture.queue.configure("test", paused: true)
    try await fixture.run { fixture in
      let id = try await fixture.enqueue()
      let other = try await fixture.enqueue("test")
      #expect(try await fixture.job(id).state == .available)
      try runSQL("UPDATE worker_configs SET paused = 0 WHERE queue_name = 'test'", on: fixture.queue.path)
      await fixture.observer.waitForSettlement(of: id)
      await fixture.observer.waitForSettlement(of: other)
    }
  }

  @Test("A scheduled job runs when its time comes")
  func runsAt() async throws {
    let fixture = try await WorkerFixture(steps: [ClosureStep { _ in StepResult() }])
    try await fixture.run { fixture in
      let due = WallClock.system.now().advanced(by: .milliseconds(300))
      let id = try await fixture.enqueue(runAt: due)
      await fixture.observer.waitForSettlement(of: id)
      let job = try await fixture.job(id)
      #expect(try #require(job.startedAt) >= due)
    }
  }

  @Test("The worker never runs more jobs than it has slots, nor more than the queue allows")
  func slots() async throws {
    let gauge = Gauge()
    let fixture = try await WorkerFixture(
      options: WorkerOptions(slots: 3),
      steps: [
        ClosureStep { _ in
          gauge.enter()
          for _ in 0..<20 { await Task.yield() }
          gauge.leave()
          return StepResult()
        }
      ])
    try await fixture.queue.ensureQueues(["test": 100])
    try await fixture.run { fixture in
      let ids = try await fixture.queue.enqueue(Array(repeating: JobRequest(step: "test"), count: 40)).map(\.jobID)
      for id in ids { await fixture.observer.waitForSettlement(of: id) }
    }
    #expect(gauge.maximum <= 3)
  }

  @Test("A job of a step that nobody here can run is left alone")
  func foreignStep() async throws {
    let fixture = try await WorkerFixture(steps: [ClosureStep { _ in StepResult() }])
    try await fixture.queue.publish([ClosureStep("other") { _ in StepResult() }.definition])
    try await fixture.run { fixture in
      let foreign = try await fixture.enqueue("other")
      let own = try await fixture.enqueue()
      await fixture.observer.waitForSettlement(of: own)
      #expect(try await fixture.job(foreign).state == .available)
    }
  }
}

extension Step where Self == ClosureStep {
  /// Runs until it is told to stop.
  static var untilCancelled: ClosureStep {
    ClosureStep { _ in
      try await Task.sleep(for: .seconds(3600))  // ends with the cancellation the test is about
      return StepResult()
    }
  }
}

/// Holds whoever waits until it is opened.
final class Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func wait() async { for await _ in stream {} }
  func open() { continuation.finish() }
}

/// How many are inside, and how many there were at most.
final class Gauge: Sendable {
  private let counts = Mutex((now: 0, most: 0))

  var maximum: Int { counts.withLock { $0.most } }

  func enter() {
    counts.withLock { counts in
      counts.now += 1
      counts.most = max(counts.most, counts.now)
    }
  }

  func leave() { counts.withLock { $0.now -= 1 } }
}

/// Writes as any producer does: another process with nothing of ours loaded.
func runSQL(_ sql: String, on path: String) throws {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
  process.arguments = ["-cmd", ".timeout 5000", path, sql]
  try process.run()
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
}
