import Foundation
import Jobs
import Logging
import Queueing
import ServiceLifecycle
import Synchronization
import SystemPackage
import Testing
import ToolExecution
import Workers

/// A worker on a database of its own, running a step that does what the test says.
final class WorkerFixture: Sendable {
  let directory: String
  let queue: JobQueue
  let worker: Worker
  let pool: WorkerPool
  let observer: RecordingObserver
  let group: ServiceGroup
  private let ownsDirectory: Bool

  /// - Parameter other: a fixture on whose database this worker works too, seen by the same observer; it must outlive
  ///   this one.
  init(options: WorkerOptions = WorkerOptions(), steps: [any Step], beside other: WorkerFixture? = nil) async throws {
    directory = other?.directory ?? NSTemporaryDirectory() + "worker-\(UUID().uuidString)"
    ownsDirectory = other == nil
    observer = other?.observer ?? RecordingObserver()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    queue = try JobQueue(
      path: directory + "/queue.db", options: DatabaseOptions(durability: .normal, opening: .createOrMigrate))
    worker = try await Worker(
      queue: queue, steps: StepRegistry(steps), identity: .test(steps), options: options, observer: observer)
    pool = WorkerPool(worker)
    group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: Heartbeat(worker)),
          .init(service: Maintenance(worker, reaper: ToolReaper(supervisor: Self.supervisor)) { _ in }),
          .init(service: pool),
        ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
  }

  deinit { if ownsDirectory { try? FileManager.default.removeItem(atPath: directory) } }

  static var supervisor: FilePath {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return FilePath(executable).removingLastComponent().appending("stepworks-supervisor")
  }

  /// Runs the worker around `body`, then drains it.
  func run(_ body: @escaping @Sendable (WorkerFixture) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await self.group.run() }
      try await body(self)
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @discardableResult
  func enqueue(_ step: StepName = "test", maxAttempts: Int? = nil, runAt: Timestamp? = nil) async throws -> JobID {
    try await queue.enqueue([JobRequest(step: step, runAt: runAt, maxAttempts: maxAttempts)])[0].jobID
  }

  func job(_ id: JobID) async throws -> Job { try #require(try await queue.job(id)) }
}

extension WorkerIdentity {
  static func test(_ steps: [any Step]) -> WorkerIdentity {
    WorkerIdentity(host: "test", pid: getpid(), bootID: "boot", version: "0", steps: steps.map(\.definition.name))
  }
}

/// A step whose behaviour is a closure.
struct ClosureStep: Step {
  let definition: StepDefinition
  let body: @Sendable (StepContext) async throws -> StepResult

  init(
    _ name: StepName = "test", queue: QueueName = "test", dedup: DedupRule = .none, retry: RetryPolicy = .standard,
    _ body: @escaping @Sendable (StepContext) async throws -> StepResult
  ) {
    definition = StepDefinition(
      name: name, version: 1, queue: queue, summary: "For tests.",
      parameters: ParameterSchema([Parameter("number", .integer(0...10), "A number.")]), dedup: dedup, retry: retry)
    self.body = body
  }

  func run(_ context: StepContext) async throws -> StepResult { try await body(context) }
}

/// Keeps what was observed, and lets a test wait for something to be.
final class RecordingObserver: JobObserver {
  private struct State {
    var seen: [WorkerObservation] = []
    var waiting: [(@Sendable (WorkerObservation) -> Bool, CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  func observe(_ observation: WorkerObservation) {
    let ready = state.withLock { state in
      state.seen.append(observation)
      let ready = state.waiting.filter { $0.0(observation) }
      state.waiting.removeAll { $0.0(observation) }
      return ready
    }
    for (_, continuation) in ready { continuation.resume() }
  }

  /// Returns once an observation matches, or at once if one has.
  func wait(until matches: @escaping @Sendable (WorkerObservation) -> Bool) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.seen.contains(where: matches) { return true }
        state.waiting.append((matches, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  func waitForSettlement(of id: JobID, _ label: String? = nil) async {
    await wait { observation in
      guard case .jobSettled(let job, let kind, _) = observation else { return false }
      return job.id == id && (label == nil || kind.label == label)
    }
  }

  func waitForStart(of id: JobID) async {
    await wait { if case .jobStarted(let job, _) = $0 { job.id == id } else { false } }
  }

  var all: [WorkerObservation] { state.withLock { $0.seen } }
}
