import Artifacts
import Foundation
import Glibc
import Jobs
import Logging
import OperatorAPI
import Queueing
import ServiceLifecycle
import Steps
import Synchronization
import SystemPackage
import Telemetry
import ToolExecution
import UnixSignals
import Workers

/// Puts a worker daemon together and runs it until it has drained.
struct WorkerComposition {
  let settings: Settings
  let logger: Logger
  let registry: MetricsRegistry
  let observer: any JobObserver
  /// One of the observers.
  let latencies: LatencyRecorder
  let reload: ConfigurationReload
  private let environment = ProcessInfo.processInfo.environment
  private let liveness = Liveness()

  /// What a drain may take beyond its own deadline and the grace of the tools: their proof, and the settlements.
  private static let settlementReserve = Duration.seconds(20)

  /// - Throws: ``QueueError``, `StoreError`, `ToolError`, `StatusServerError`, ``SettingsError``: each one sentence.
  func run() async throws {
    let earlyStop = EarlyStop { [logger] in
      logger.info("worker stopped before it was ready")
      _exit(ExitStatus.done.rawValue)
    }
    defer { earlyStop.end() }
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
    let notifySocket = NotifySocket(environment: environment)
    notifySocket?.send("STATUS=starting: opening the database")
    let queue = try JobQueue(path: settings.database.path, options: databaseOptions)
    let store = try ArtifactStore(root: settings.dataDirectory)
    notifySocket?.send("STATUS=starting: looking at the tools")
    let inventory = try await WorkerTools(settings: settings, store: store, queue: queue).inventory()
    let steps = inventory.steps
    tell(inventory)
    registry.begin(steps.definitions)
    let metrics = WorkerMetrics(
      registry: registry, warm: inventory.warm, gpus: inventory.gpus, database: settings.database.path,
      data: settings.dataDirectory)
    try await queue.ensureQueues(settings.queues)
    let worker = try await Worker(
      queue: queue, steps: steps, identity: identity(of: steps), options: options, observer: observer,
      liveness: liveness)
    observer.observe(
      .worker(
        "started",
        [
          "worker": "\(worker.id)", "database": queue.path, "data": settings.dataDirectory.string,
          "steps": steps.definitions.map(\.name.rawValue).joined(separator: " "),
          "queues": settings.worker.queues?.map(\.rawValue).joined(separator: " ") ?? "all",
        ]))
    earlyStop.end()
    let manager = notifySocket.map { serviceManager($0, worker, queue) }
    let deadline = DrainDeadline { [logger] overdue in
      logger.error("\(overdue)")
      _exit(ExitStatus.internal.rawValue)
    }
    defer { deadline.end() }
    let ending = await Result { try await serve(worker, queue, store, signals, metrics, manager, deadline) }
    // After the drain: no job uses them any more.
    await inventory.warm?.close()
    try await worker.retire()
    try ending.get()
    manager?.stopped()
  }

  private func serve(
    _ worker: Worker, _ queue: JobQueue, _ store: ArtifactStore, _ signals: UnixSignalsSequence,
    _ metrics: WorkerMetrics, _ manager: ServiceManager?, _ deadline: DrainDeadline
  ) async throws {
    let pool = WorkerPool(worker)
    let maintenance = Maintenance(
      worker, reaper: ToolReaper(supervisor: settings.tools.supervisor),
      sweep: { leases in
        try await store.sweep(runningLeases: leases)
        try await store.sweepPartial { try await queue.unfinished(among: $0) }
      },
      prune: {
        // Neither keeps the other from being done.
        let compaction = await Result { try await queue.compactLatencies() }
        try await store.pruneLogs(now: WallClock.system.now())
        try compaction.get()
      })
    let end = GracefulEnd()
    let escalation = SignalEscalation(
      signals: signals, endsWithTerminal: manager == nil && isatty(STDIN_FILENO) == 1,
      drain: { await end.begin() }, hurry: { pool.hurry() },
      reload: { [reload, logger] in await reload.run(worker, pool, manager, logger) })
    let notice = StoppingNotice { [drainReserve] in
      let budget = worker.options.drain + drainReserve
      deadline.begin(budget)
      manager?.stopping(within: budget)
    }
    // Shut down in reverse order: the service manager is told, then the pool drains, while heartbeats, status and a
    // second signal still work.
    var services: [any Service] = [manager as (any Service)?].compactMap(\.self) + [escalation]
    if let port = settings.status.port {
      services.append(statusServer(port: port, worker, pool, queue, metrics, manager))
    }
    // Shut down after the pool: its last flush comes when no run can end any more.
    services.append(LatencyFlush(recorder: latencies, queue: queue, observer: observer))
    services += [Heartbeat(worker), maintenance, pool, notice]
    let configuration = ServiceGroupConfiguration(
      services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
      logger: Logger(label: "stepworks.services") { _ in SwiftLogNoOpLogHandler() })
    let group = ServiceGroup(configuration: configuration)
    end.attach(group)
    try await group.run()
  }

  /// What an operator has to know before the first job.
  private func tell(_ inventory: WorkerTools.Inventory) {
    for sentence in inventory.missing { observer.observe(.trouble(sentence)) }
    guard let probe = inventory.probe else { return }
    observer.observe(probe.isWarning ? .trouble(probe.line) : .note(probe.line))
  }

  private func serviceManager(_ socket: NotifySocket, _ worker: Worker, _ queue: JobQueue) -> ServiceManager {
    ServiceManager(
      socket: socket, watchdog: watchdog, worker: worker, queue: queue, queues: settings.worker.queues,
      awaitsStatusServer: settings.status.port != nil)
  }

  private var watchdog: Duration? { Watchdog.interval(environment: environment) }

  /// Beyond the deadline of the running jobs.
  private var drainReserve: Duration { settings.tools.grace + Self.settlementReserve }

  private func statusServer(
    port: Int, _ worker: Worker, _ pool: WorkerPool, _ queue: JobQueue, _ metrics: WorkerMetrics,
    _ manager: ServiceManager?
  ) -> StatusServer {
    StatusServer(
      address: StatusServer.Address(host: settings.status.host, port: port), queue: queue, registry: registry,
      logger: logger,
      health: {
        var report = HealthReport(
          worker: worker.id, state: pool.isDraining ? .draining : .running, writeLockWait: queue.writeLockWait)
        do { _ = try await queue.lastEventID() } catch { report.databaseTrouble = "\(error)" }
        return report
      },
      refresh: { metrics.update(slots: worker.options.slots, isDraining: pool.isDraining) },
      onListening: { address in
        observer.observe(.worker("status", ["address": "http://\(address)"]))
        manager?.statusServerListens()
        do {
          try await queue.recordStatusAddress("\(address)", of: worker.id)
        } catch {
          observer.observe(.trouble("The status address could not be recorded: \(error)"))
        }
      })
  }

  private var databaseOptions: DatabaseOptions {
    var options = DatabaseOptions(
      durability: settings.database.durability, opening: .createOrMigrate, busyTimeout: nil)
    // Each wait that is told of also excuses the worker before its watchdog.
    if let watchdog { options.longWait = min(options.longWait, Watchdog.longestPause(watchdog)) }
    options.onLongWait = { [observer, liveness] _ in
      liveness.writeIsHeldUp()
      observer.observe(
        .trouble(
          "Another process keeps \(settings.database.path) locked for writing; nothing is claimed or settled until it commits."
        ))
    }
    let metrics = DatabaseMetrics(factory: registry)
    options.onCommit = { metrics.committed(lockWait: $0.lockWait, held: $0.held, writes: $0.writes) }
    options.onCheckpointStart = { [liveness] in liveness.checkpointBegan() }
    options.onCheckpoint = { [liveness] duration in
      liveness.checkpointEnded()
      metrics.checkpointed(in: duration)
    }
    return options
  }

  private var options: WorkerOptions {
    var options = WorkerOptions(
      slots: settings.worker.slots, heartbeat: settings.worker.heartbeat, rescue: settings.worker.rescue,
      sweep: settings.worker.sweep, drain: settings.worker.drain)
    if let pause = watchdog.map(Watchdog.longestPause) {
      options.heartbeat = min(options.heartbeat, pause)
      options.sweep = min(options.sweep, pause)
    }
    return options
  }

  private func identity(of steps: StepRegistry) -> WorkerIdentity {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return WorkerIdentity(
      host: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self), pid: getpid(),
      bootID: ToolProcess.currentBootID() ?? "", version: Version.current, steps: steps.definitions.map(\.name),
      queues: settings.worker.queues)
  }
}

/// The service group is made after the service that ends it.
private final class GracefulEnd: Sendable {
  private let group = Mutex<ServiceGroup?>(nil)

  func attach(_ group: ServiceGroup) { self.group.withLock { $0 = group } }

  func begin() async { await group.withLock { $0 }?.triggerGracefulShutdown() }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
