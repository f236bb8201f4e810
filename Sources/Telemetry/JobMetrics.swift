package import CoreMetrics
package import Jobs
import Synchronization

/// What a worker does, as numbers.
///
/// `observe` costs a few dictionary look-ups and additions for a job that starts or ends: handles are made once for
/// each set of labels.
package final class JobMetrics: JobObserver {
  private struct SettlementLabels: Hashable {
    let step: StepName
    let outcome: String
    let failureClass: String
  }

  private struct Handles {
    var started: [StepName: Counter] = [:]
    var settled: [SettlementLabels: Counter] = [:]
    var queues: [QueueName: QueueHandles] = [:]
    var run: [StepName: Timer] = [:]
    var toolTime: [String: FloatingPointCounter] = [:]
    var toolMemory: [String: Recorder] = [:]
  }

  private struct QueueHandles {
    let wait: Timer
    let running: Meter
  }

  private let factory: any MetricsFactory
  private let handles = Mutex(Handles())
  private let rescued: Counter
  private let leasesLost: Counter

  /// - Parameters:
  ///   - factory: where the metrics are kept.
  ///   - version: of this program, for `stepworks_build_info`.
  package init(factory: any MetricsFactory, version: String) {
    self.factory = factory
    rescued = Counter(label: Name.rescued, factory: factory)
    leasesLost = Counter(label: Name.leasesLost, factory: factory)
    Meter(label: Name.buildInfo, dimensions: [("version", version)], factory: factory).set(1)
  }

  package func observe(_ observation: WorkerObservation) {
    switch observation {
    case .jobStarted(let job, let wait): started(job, wait)
    case .jobSettled(let job, let kind, let timings): settled(job, kind, timings.run)
    case .jobReported(_, .toolEnded(let usage)): toolEnded(usage)
    case .leaseLost(let job):
      leasesLost.increment()
      queueHandles(job.queue).running.decrement()
    case .jobsRescued(let count, _): rescued.increment(by: count)
    // What runs is counted from starts and ends: a count taken elsewhere may be older than they are.
    case .jobReported, .jobStopping, .slots, .worker, .note, .trouble: break
    }
  }

  private func started(_ job: Job, _ wait: Duration) {
    let counter = handles.withLock { handles in
      handles.started.value(for: job.step) {
        Counter(label: Name.started, dimensions: [("step", job.step.rawValue)], factory: factory)
      }
    }
    let queue = queueHandles(job.queue)
    counter.increment()
    queue.wait.recordNanoseconds(wait.nanoseconds)
    queue.running.increment()
  }

  private func queueHandles(_ queue: QueueName) -> QueueHandles {
    let dimensions = [("queue", queue.rawValue)]
    return handles.withLock { handles in
      handles.queues.value(for: queue) {
        QueueHandles(
          wait: Timer(label: Name.wait, dimensions: dimensions, factory: factory),
          running: Meter(label: Name.running, dimensions: dimensions, factory: factory))
      }
    }
  }

  private func settled(_ job: Job, _ kind: SettlementKind, _ took: Duration) {
    let labels = SettlementLabels(step: job.step, outcome: kind.outcome.rawValue, failureClass: kind.failureLabel)
    let (counter, timer) = handles.withLock { handles in
      (
        handles.settled.value(for: labels) {
          Counter(
            label: Name.settled,
            dimensions: [
              ("step", labels.step.rawValue), ("outcome", labels.outcome), ("class", labels.failureClass),
            ], factory: factory)
        },
        handles.run.value(for: job.step) {
          Timer(label: Name.run, dimensions: [("step", job.step.rawValue)], factory: factory)
        }
      )
    }
    counter.increment()
    timer.recordNanoseconds(took.nanoseconds)
    queueHandles(job.queue).running.decrement()
  }

  private func toolEnded(_ usage: ToolUsage) {
    let dimensions = [("tool", usage.tool)]
    let (time, memory) = handles.withLock { handles in
      (
        handles.toolTime.value(for: usage.tool) {
          FloatingPointCounter(label: Name.toolTime, dimensions: dimensions, factory: factory)
        },
        handles.toolMemory.value(for: usage.tool) {
          Recorder(label: Name.toolMemory, dimensions: dimensions, aggregate: true, factory: factory)
        }
      )
    }
    time.increment(by: usage.cpuSeconds)
    memory.record(usage.peakMemoryBytes)
  }
}

extension SettlementKind {
  /// `none` when nothing failed.
  fileprivate var failureLabel: String {
    switch self {
    case .failed(let failure), .retryScheduled(let failure, _): failure.failureClass.rawValue
    case .completed, .snoozed, .awaiting, .released, .cancelled: "none"
    }
  }
}

extension Dictionary {
  fileprivate mutating func value(for key: Key, make: () -> Value) -> Value {
    if let known = self[key] { return known }
    let new = make()
    self[key] = new
    return new
  }
}

extension Duration {
  /// At most some 292 years.
  fileprivate var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : scaled + attoseconds / 1_000_000_000
  }
}
