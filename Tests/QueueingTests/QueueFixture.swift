import Foundation
import Jobs
import Queueing
import Synchronization
import TestSupport
import Testing

/// A real database in a directory of its own, with a clock that the test moves and steps that the tests use.
final class QueueFixture: Sendable {
  let directory: TemporaryDirectory
  let clock = TestClock()
  let queue: JobQueue

  /// No step of these is merged with another by itself, except `render`.
  static let steps = [
    StepDefinition(
      name: "work", version: 1, queue: "cad", summary: "Does something.",
      parameters: ParameterSchema([Parameter("n", .integer(0...1_000_000), "A number.")]), dedup: .none),
    StepDefinition(
      name: "render", version: 1, queue: "render", summary: "Shows something.",
      parameters: ParameterSchema(
        [
          Parameter("source", .string, "A file.", required: true),
          Parameter("scale", .number(0.5...2), "A factor."),
          Parameter("frames", .integer(1...100), "A count."),
          Parameter("view", .choice(["front", "top"]), "A side."),
          Parameter("shadows", .boolean, "Whether."),
          Parameter("sides", .list(of: ["front", "top", "left"], count: 1...2), "Which."),
          Parameter("tags", .list(of: nil, count: 0...3), "Words."),
          Parameter("colours", .map(count: 1...2), "By part."),
        ]), maxAttempts: 5, maxCrashes: 4),
    StepDefinition(
      name: "free", version: 1, queue: "cad", summary: "Takes anything.",
      parameters: ParameterSchema([], allowsOthers: true)),
  ]

  init(durability: DatabaseOptions.Durability = .normal, limits: [QueueName: Int] = ["cad": 100, "render": 100])
    async throws
  {
    directory = try TemporaryDirectory()
    queue = try JobQueue(
      path: directory.file("queue.db"), options: DatabaseOptions(durability: durability, opening: .createOrMigrate),
      clock: clock.wall)
    try await queue.publish(Self.steps)
    try await queue.ensureQueues(limits)
  }

  /// The same file, opened once more: another process as far as SQLite can tell.
  func secondQueue(_ options: DatabaseOptions = DatabaseOptions(durability: .normal)) throws -> JobQueue {
    try JobQueue(path: queue.path, options: options, clock: clock.wall)
  }

  // MARK: Producers

  @discardableResult
  func enqueue(
    _ step: StepName = "work", _ parameters: JSONValue = .object([:]), priority: Int? = nil, runAt: Timestamp? = nil,
    key: String? = nil, tenant: String = "default", dependsOn: [JobID] = [], maxAttempts: Int? = nil,
    maxCrashes: Int? = nil
  ) async throws -> JobID {
    let request = JobRequest(
      step: step, parameters: parameters, priority: priority, runAt: runAt, maxAttempts: maxAttempts,
      maxCrashes: maxCrashes, dedupKey: key, tenant: tenant, dependsOn: dependsOn)
    return try await queue.enqueue([request])[0].jobID
  }

  /// Runs SQL in the `sqlite3` shell, as any operator could.
  func shell(_ sql: String) throws -> ProgramResult {
    try Program.run(["sqlite3", "-bail", "-cmd", ".timeout 10000", queue.path], input: sql)
  }

  /// What the `sqlite3` shell prints; fails the test when it complains.
  @discardableResult
  func sql(_ sql: String, _ location: SourceLocation = #_sourceLocation) throws -> [String] {
    let result = try shell(sql)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)", sourceLocation: location)
    return result.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// Fails the test unless the SQL is refused; returns the complaint.
  func refusal(of sql: String, _ location: SourceLocation = #_sourceLocation) throws -> String {
    let result = try shell(sql)
    #expect(result.status != 0, "it was accepted: \(sql)", sourceLocation: location)
    return result.errors
  }

  // MARK: Workers

  final class TestWorker: Sendable {
    let id: WorkerID
    let scope: ClaimScope
    private let lock: Mutex<WorkerLock?>

    init(id: WorkerID, lock: WorkerLock, scope: ClaimScope) {
      self.id = id
      self.scope = scope
      self.lock = Mutex(lock)
    }

    /// Lets go of the lock, as the kernel does when a process dies.
    func die() { lock.withLock { $0 = nil } }
  }

  /// A worker of this process that holds its lock.
  func worker(_ steps: Set<StepName> = ["work", "render", "free"], queues: Set<QueueName>? = nil) async throws
    -> TestWorker
  {
    let lock = try #require(try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory))
    let id = try await register(lock.name, lock, steps)
    return TestWorker(id: id, lock: lock, scope: ClaimScope(workerID: id, steps: steps, queues: queues))
  }

  private func register(_ name: String, _ lock: WorkerLock, _ steps: Set<StepName>) async throws -> WorkerID {
    try await queue.register(
      WorkerIdentity(
        host: "here", pid: getpid(), bootID: Self.bootID, version: "1",
        steps: steps.sorted { $0.rawValue < $1.rawValue }), lock: lock)
  }

  static let bootID =
    (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
    .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""

  func claimOne(_ worker: TestWorker, _ location: SourceLocation = #_sourceLocation) async throws -> ClaimedJob {
    let claimed = try await queue.claim(worker.scope, limit: 1)
    return try #require(claimed.first, "there was nothing to claim", sourceLocation: location)
  }

  /// Enqueues one job and claims it.
  func running(
    _ worker: TestWorker, maxAttempts: Int? = nil, maxCrashes: Int? = nil, key: String? = nil
  ) async throws -> ClaimedJob {
    try await enqueue(key: key, maxAttempts: maxAttempts, maxCrashes: maxCrashes)
    return try await claimOne(worker)
  }

  @discardableResult
  func settle(_ claimed: ClaimedJob, _ ending: RunEnding, retryDelay: Duration = .zero) async -> Settlement.Standing {
    await queue.settle(claimed.lease(), of: claimed.job, as: ending, retryDelay: retryDelay).standing
  }

  @discardableResult
  func complete(_ claimed: ClaimedJob) async -> Settlement.Standing {
    await settle(claimed, .completed(StepResult()))
  }

  // MARK: What the database says

  func job(_ id: JobID) async throws -> Job { try #require(try await queue.job(id)) }

  func state(_ id: JobID) async throws -> JobState { try await job(id).state }

  func states(_ ids: [JobID]) async throws -> [JobState] {
    var states: [JobState] = []
    for id in ids { states.append(try await state(id)) }
    return states
  }

  func history(_ id: JobID) async throws -> [JobEventKind] { try await queue.events(of: id).map(\.kind) }

  func ids(_ claimed: [ClaimedJob]) -> [JobID] { claimed.map(\.job.id) }

  /// Hands everything back, so that no lease is dropped.
  func release(_ claimed: [ClaimedJob]) async {
    for job in claimed { await settle(job, .released) }
  }
}

extension RunEnding {
  static func failing(_ failureClass: FailureClass = .toolFailed, _ response: FailureResponse = .retry) -> RunEnding {
    .failed(JobFailure(failureClass, "It went wrong."), response)
  }
}
