package import CoreMetrics
package import Jobs

/// What a worker does, as numbers.
///
/// `observe` costs a few dictionary look-ups and additions for a job that starts or ends: handles are made once for
/// each set of labels.
package final class JobMetrics: JobObserver {
  private let started: MetricHandles<Counter>
  private let settled: MetricHandles<Counter>
  private let wait: MetricHandles<Timer>
  private let run: MetricHandles<Timer>
  private let phase: MetricHandles<Timer>
  private let running: MetricHandles<Meter>
  private let resumedFrames: MetricHandles<Counter>
  private let rescued: MetricHandles<Counter>
  private let leasesLost: Counter
  private let troubles: Counter
  private let claim: Timer
  private let wakeUp: Timer
  private let work: WorkMetrics

  /// - Parameters:
  ///   - factory: where the metrics are kept.
  ///   - version: of this program, for `stepworks_build_info`.
  package init(factory: any MetricsFactory, version: String) {
    started = factory.counters(Metric.jobsStarted)
    settled = factory.counters(Metric.jobsSettled)
    wait = factory.timers(Metric.wait)
    run = factory.timers(Metric.run)
    phase = factory.timers(Metric.phase)
    running = factory.meters(Metric.running)
    resumedFrames = factory.counters(Metric.resumedFrames)
    rescued = factory.counters(Metric.rescued)
    // What does not depend on steps shows 0 from the start: a rate begins with a first value.
    for outcome in [RunOutcome.retryScheduled, .failed, .cancelled] { _ = rescued[outcome.rawValue] }
    leasesLost = Counter(label: Metric.leasesLost.name, factory: factory)
    troubles = Counter(label: Metric.troubles.name, factory: factory)
    claim = Timer(label: Metric.claim.name, factory: factory)
    wakeUp = Timer(label: Metric.wakeUp.name, factory: factory)
    work = WorkMetrics(factory: factory)
    Meter(label: Metric.buildInfo.name, dimensions: [("version", version)], factory: factory).set(1)
  }

  package func observe(_ observation: WorkerObservation) {
    switch observation {
    case .jobStarted(let job, let wait): jobStarted(job, wait)
    case .jobSettled(let job, let kind, let timings): jobSettled(job, kind, timings)
    case .jobReported(_, .toolEnded(let usage)): work.toolEnded(usage)
    case .jobReported(_, .fact(.rendered(let device, let isFallback))): work.rendered(on: device, isFallback)
    case .jobReported(let job, .fact(.framesResumed(let count))):
      resumedFrames[job.step.rawValue].increment(by: count)
    case .artifactsPublished(let job, let artifacts): work.published(artifacts, by: job)
    case .claimed(let report): claimed(report)
    case .leaseLost(let job):
      leasesLost.increment()
      running[job.queue.rawValue].decrement()
    case .jobsRescued(let counts, _):
      for (outcome, count) in counts { rescued[outcome.rawValue].increment(by: count) }
    case .trouble: troubles.increment()
    // What runs is counted from starts and ends: a count taken elsewhere may be older than they are.
    case .jobReported, .jobStopping, .slots, .worker, .note: break
    }
  }

  private func jobStarted(_ job: Job, _ waited: Duration) {
    started[job.step.rawValue].increment()
    wait[job.queue.rawValue].recordNanoseconds(waited.nanoseconds)
    running[job.queue.rawValue].increment()
  }

  private func jobSettled(_ job: Job, _ kind: SettlementKind, _ timings: RunTimings) {
    let step = job.step.rawValue
    settled[step, kind.outcome.rawValue, kind.failureLabel].increment()
    run[step, kind.outcome.rawValue].recordNanoseconds(timings.run.nanoseconds)
    if let start = timings.start { record(start, .start, step) }
    for one in timings.phases { record(one.duration, one.name, step) }
    record(timings.settle, .settle, step)
    running[job.queue.rawValue].decrement()
  }

  private func record(_ duration: Duration, _ name: PhaseName, _ step: String) {
    phase[step, name.rawValue].recordNanoseconds(duration.nanoseconds)
  }

  private func claimed(_ report: ClaimReport) {
    claim.recordNanoseconds(report.took.nanoseconds)
    if let latency = report.sinceNotice { wakeUp.recordNanoseconds(latency.nanoseconds) }
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

extension Duration {
  /// Clamped to what fits, some 292 years.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? (seconds < 0 ? .min : .max) : whole + attoseconds / 1_000_000_000
  }
}
