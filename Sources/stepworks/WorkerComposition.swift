import Artifacts
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

  /// What a drain may take beyond its own deadline and the grace of the tools: their proof, and the settlements.
  private static let settlementReserve = Duration.seconds(20)

  /// - Throws: ``QueueError``, `StoreError`, `ToolError`, `StatusServerError`, ``SettingsError``: each one sentence.
  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let queue = try JobQueue(path: settings.database.path, options: databaseOptions)
    let store = try ArtifactStore(root: settings.dataDirectory)
    let inventory = try await WorkerTools(settings: settings, store: store, queue: queue).inventory()
    let steps = inventory.steps
    tell(inventory)
    registry.begin(steps.definitions)
    let metrics = WorkerMetrics(
      registry: registry, warm: inventory.warm, slots: settings.worker.slots, gpus: inventory.gpus,
      database: settings.database.path, data: settings.dataDirectory)
    try await queue.ensureQueues(settings.queues)
    let worker = try await Worker(
      queue: queue, steps: steps, identity: identity(of: steps), options: options, observer: observer)
    observer.observe(
      .worker(
        "started",
        [
          "worker": "\(worker.id)", "database": queue.path, "data": settings.dataDirectory.string,
          "steps": steps.definitions.map(\.name.rawValue).joined(separator: " "),
          "queues": settings.worker.queues?.map(\.rawValue).joined(separator: " ") ?? "all",
        ]))
    let ending = await Result { try await serve(worker, queue, store, signals, metrics) }
    // After the drain: no job uses them any more.
    await inventory.warm?.close()
    try await worker.retire()
    try ending.get()
  }

  private func serve(
    _ worker: Worker, _ queue: JobQueue, _ store: ArtifactStore, _ signals: UnixSignalsSequence,
    _ metrics: WorkerMetrics
  ) async throws {
    let pool = WorkerPool(worker)
    let maintenance = Maintenance(
      worker, reaper: ToolReaper(supervisor: settings.tools.supervisor),
      sweep: { leases in
        try await store.sweep(runningLeases: leases)
        try await store.sweepPartial { try await queue.unfinished(among: $0) }
      },
      prune: { try await store.pruneLogs(now: WallClock.system.now()) })
    let end = GracefulEnd()
    let escalation = SignalEscalation(
      signals: signals, drain: { await end.begin() }, hurry: { pool.hurry() })
    // Shut down in reverse order: the pool drains first, while heartbeats, status and a second signal still work.
    var services: [any Service] = [escalation]
    if let port = settings.status.port { services.append(statusServer(port: port, worker, pool, queue, metrics)) }
    services += [Heartbeat(worker), maintenance, pool]
    var configuration = ServiceGroupConfiguration(
      services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
      logger: Logger(label: "stepworks.services") { _ in SwiftLogNoOpLogHandler() })
    configuration.maximumGracefulShutdownDuration =
      settings.worker.drain + settings.tools.grace + Self.settlementReserve
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

  private func statusServer(
    port: Int, _ worker: Worker, _ pool: WorkerPool, _ queue: JobQueue, _ metrics: WorkerMetrics
  ) -> StatusServer {
    StatusServer(
      address: StatusServer.Address(host: settings.status.host, port: port), queue: queue, registry: registry,
      logger: logger,
      health: {
        var report = HealthReport(worker: worker.id, state: pool.isDraining ? .draining : .running)
        do { _ = try await queue.lastEventID() } catch { report.databaseTrouble = "\(error)" }
        return report
      },
      refresh: { metrics.update(isDraining: pool.isDraining) },
      onListening: { address in
        observer.observe(.worker("status", ["address": "http://\(address)"]))
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
    options.onLongWait = { [observer] _ in
      observer.observe(
        .trouble(
          "Another process keeps \(settings.database.path) locked for writing; nothing is claimed or settled until it commits."
        ))
    }
    let metrics = DatabaseMetrics(factory: registry)
    options.onCommit = { metrics.committed(lockWait: $0.lockWait, held: $0.held, writes: $0.writes) }
    options.onCheckpoint = { metrics.checkpointed(in: $0) }
    return options
  }

  private var options: WorkerOptions {
    WorkerOptions(
      slots: settings.worker.slots, heartbeat: settings.worker.heartbeat, rescue: settings.worker.rescue,
      sweep: settings.worker.sweep, drain: settings.worker.drain)
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
