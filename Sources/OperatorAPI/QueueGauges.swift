import Jobs
import Queueing
import Telemetry

/// The gauges that are read from the database when somebody asks, so that they cost nothing otherwise.
struct QueueGauges: Sendable {
  let queue: JobQueue
  let registry: MetricsRegistry
  let clock: WallClock

  /// - Throws: ``QueueError``.
  func update() async throws {
    let queues = try await queue.queues()
    let now = clock.now()
    for status in queues {
      let labels = [("queue", status.name.rawValue)]
      for (state, count) in status.counts {
        set(JobMetrics.Name.queueJobs, labels + [("state", state.rawValue)], Double(count))
      }
      let oldest = status.oldestAvailableAt.map { max(0, $0.duration(to: now).seconds) } ?? 0
      set(JobMetrics.Name.oldestWaiting, labels, oldest)
      set(JobMetrics.Name.maxConcurrency, labels, Double(status.maxConcurrency))
      set(JobMetrics.Name.queuePaused, labels, status.paused ? 1 : 0)
    }
    let names = queues.map { [("queue", $0.name.rawValue)] }
    for metric in [JobMetrics.Name.oldestWaiting, JobMetrics.Name.maxConcurrency, JobMetrics.Name.queuePaused] {
      registry.keepOnly(names, of: metric)
    }
    registry.keepOnly(
      queues.flatMap { status in
        status.counts.map { [("queue", status.name.rawValue), ("state", $0.state.rawValue)] }
      }, of: JobMetrics.Name.queueJobs)
  }

  private func set(_ name: String, _ labels: [(String, String)], _ value: Double) {
    registry.setGauge(name, labels, value)
  }
}

extension QueueStatus {
  fileprivate var counts: [(state: JobState, count: Int)] {
    [(.blocked, blocked), (.scheduled, scheduled), (.available, available), (.running, running)]
  }
}
