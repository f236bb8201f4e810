import Jobs
import Queueing
import Telemetry

/// What is read from the database when somebody asks, so that it costs nothing otherwise.
struct QueueGauges: Sendable {
  let queue: JobQueue
  let registry: MetricsRegistry
  let clock: WallClock
  private let duplicates = DuplicateCount()

  init(queue: JobQueue, registry: MetricsRegistry, clock: WallClock) {
    self.queue = queue
    self.registry = registry
    self.clock = clock
  }

  /// Sets where the counting of duplicates begins.
  /// - Throws: ``QueueError``.
  func begin() async throws { await duplicates.begin(after: try await queue.lastEventID()) }

  /// - Throws: ``QueueError``.
  func update() async throws {
    // First what needs no answer of the database: it is wanted most when there is none.
    registry.replace(Metric.writeLockWaiting, queue.writeLockWait.seconds)
    let queues = try await queue.queues()
    show(queues)
    show(try await queue.databaseStatus())
    let counts = try await duplicates.count(in: queue, names: queues.map(\.name))
    registry.replace(Metric.duplicates, counts.map { ([$0.rawValue], Double($1)) })
  }

  /// What the database said before it stopped answering is not to be taken for what it says.
  func forget() {
    for metric in Metric.all where metric.scope == .database { registry.replace(metric, []) }
  }

  private func show(_ queues: [QueueStatus]) {
    let now = clock.now()
    func set(_ metric: MetricDescription, _ value: (QueueStatus) -> Double) {
      registry.replace(metric, queues.map { ([$0.name.rawValue], value($0)) })
    }
    set(Metric.oldestWaiting) { $0.oldestAvailableAt.map { max(0, $0.duration(to: now).seconds) } ?? 0 }
    set(Metric.maxConcurrency) { Double($0.maxConcurrency) }
    set(Metric.queuePaused) { $0.paused ? 1 : 0 }
    set(Metric.slotsWanted) { Double($0.running + $0.available) }
    set(Metric.slotsAllowed) { $0.paused ? 0 : Double($0.maxConcurrency) }
    set(Metric.slotsUsed) { Double($0.running) }
    registry.replace(
      Metric.queueJobs,
      queues.flatMap { status in
        status.counts.map { ([status.name.rawValue, $0.state.rawValue], Double($0.count)) }
      })
  }

  private func show(_ status: DatabaseStatus) {
    registry.replace(Metric.databaseBytes, Double(status.bytes))
    registry.replace(Metric.walBytes, Double(status.logBytes))
    registry.replace(
      Metric.workers,
      [(["running"], Double(status.runningWorkers)), (["draining"], Double(status.drainingWorkers))])
  }
}

extension QueueStatus {
  fileprivate var counts: [(state: JobState, count: Int)] {
    [(.blocked, blocked), (.scheduled, scheduled), (.available, available), (.running, running)]
  }
}
