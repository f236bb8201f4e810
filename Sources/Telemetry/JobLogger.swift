package import Jobs
package import Logging

/// What a worker does, as log lines. Each line about a step begins with `[step]` and carries step, job, attempt and fence.
///
/// | level | what |
/// |---|---|
/// | error | a job failed for good; what the step calls an error |
/// | warning | a run failed and is tried again; a lost lease; trouble that the worker survives |
/// | info | a tool started or ended; a job that took 0.1 s or longer completed; cancelled, snoozed, waiting for other jobs, handed back; rescues; the worker itself |
/// | debug | each start; jobs that completed faster; progress; phases; numbers of running jobs |
///
/// Short jobs are debug lines because fifty thousand of them may end in a second. Nothing is built for a line that is
/// not written.
package struct JobLogger: JobObserver {
  /// A job that completes faster is a debug line.
  static let notable: Duration = .milliseconds(100)

  private let logger: Logger

  package init(_ logger: Logger) { self.logger = logger }

  package func observe(_ observation: WorkerObservation) {
    switch observation {
    case .jobStarted(let job, let wait):
      log(.debug, job, "started", ["waited_seconds": .stringConvertible(rounded(wait))])
    case .jobReported(let job, let report):
      reported(job, report)
    case .jobSettled(let job, let kind, let timings):
      settled(job, kind, timings.run)
    case .artifactsPublished, .claimed: break  // numbers, and the results name the files
    case .leaseLost(let job):
      log(.warning, job, "lost its lease: another worker has the job, the result of this run is thrown away")
    case .jobStopping(let job, let reason):
      log(.info, job, "stopping: \(reason)")
    case .jobsRescued(let counts, let workerID):
      let count = counts.values.reduce(0, +)
      let ended = [RunOutcome.failed, .cancelled].compactMap { outcome in
        counts[outcome].map { "; \(outcome.rawValue): \($0)" }
      }
      logger.warning(
        "took back \(count) \(count == 1 ? "job" : "jobs") of worker \(workerID), which died\(ended.joined())",
        metadata: ["dead_worker": .stringConvertible(workerID)])
    case .slots(let slots):
      guard logger.logLevel <= .debug else { return }
      let running = slots.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key): \($0.value)" }
      logger.debug("running \(running.isEmpty ? "nothing" : running.joined(separator: ", "))")
    case .worker(let what, let fields):
      logger.info("worker \(what)", metadata: fields.mapValues { .string($0) })
    case .note(let line):
      logger.info("\(line)")
    case .trouble(let sentence):
      logger.warning("\(sentence)")
    }
  }

  private func reported(_ job: Job, _ report: StepReport) {
    switch report {
    case .progress(let fraction, let message):
      guard logger.logLevel <= .debug else { return }
      log(.debug, job, "\(Int((fraction * 100).rounded())) %\(message.map { ": \($0)" } ?? "")")
    case .phase(let name):
      log(.debug, job, "phase \(name)")
    case .fact: break  // a number; the step says it in words where it matters
    case .log(let level, let message):
      log(Logger.Level(level), job, "\(message)")
    case .toolStarted(let process):
      log(.info, job, "\(process.tool) started", ["pid": .stringConvertible(Int(process.pid))])
    case .toolEnded(let usage):
      guard logger.logLevel <= .info else { return }
      var fields: Logger.Metadata = [
        "wall_seconds": .stringConvertible(rounded(.seconds(usage.wallSeconds))),
        "cpu_seconds": .stringConvertible(rounded(.seconds(usage.cpuSeconds))),
        "peak_memory_bytes": .stringConvertible(usage.peakMemoryBytes),
      ]
      if let exit = usage.exit { fields["exit"] = .stringConvertible(exit) }
      if let signal = usage.signal { fields["signal"] = .stringConvertible(signal) }
      log(.info, job, "\(usage.tool) ended", fields)
    }
  }

  private func settled(_ job: Job, _ kind: SettlementKind, _ took: Duration) {
    let level = Self.level(of: kind, took)
    guard logger.logLevel <= level else { return }
    var fields: Logger.Metadata = ["run_seconds": .stringConvertible(rounded(took))]
    let message: String
    switch kind {
    case .completed(.done): message = "completed"
    case .completed(.cached): message = "completed: its result already existed"
    case .completed(.skipped): message = "completed: there was nothing to do"
    case .retryScheduled(let failure, let delay):
      message = "is tried again in \(rounded(delay)) s: \(failure.message)"
      fields["class"] = .string(failure.failureClass.rawValue)
    case .snoozed(let reason, let delay): message = "put off for \(rounded(delay)) s: \(reason)"
    case .awaiting(let jobs, let reason):
      message =
        "waits for \(jobs.count == 1 ? "job" : "jobs") \(jobs.map(String.init).joined(separator: ", ")): \(reason)"
    case .released: message = "handed back unfinished; another worker goes on with it"
    case .failed(let failure):
      message = "failed: \(failure.message)"
      fields["class"] = .string(failure.failureClass.rawValue)
    case .cancelled: message = "cancelled"
    }
    log(level, job, "\(message)", fields)
  }

  private static func level(of kind: SettlementKind, _ took: Duration) -> Logger.Level {
    switch kind {
    case .completed: took < notable ? .debug : .info
    case .retryScheduled: .warning
    case .failed: .error
    case .snoozed, .awaiting, .released, .cancelled: .info
    }
  }

  private func log(
    _ level: Logger.Level, _ job: Job, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> Logger.Metadata = [:]
  ) {
    guard logger.logLevel <= level else { return }
    var fields = fields()
    fields["step"] = .string(job.step.rawValue)
    fields["job"] = .stringConvertible(job.id)
    fields["attempt"] = .stringConvertible(job.attempt)
    fields["fence"] = .stringConvertible(job.fence)
    logger.log(level: level, "[\(job.step)] \(message())", metadata: fields)
  }

  /// Seconds, to the millisecond.
  private func rounded(_ duration: Duration) -> Double { Double(duration.wholeMilliseconds) / 1000 }
}

extension Logger.Level {
  fileprivate init(_ level: StepLogLevel) {
    self =
      switch level {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      case .error: .error
      }
  }
}
