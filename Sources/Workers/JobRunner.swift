import Jobs
import Queueing
import Synchronization

/// Runs one claimed job to its settlement.
struct JobRunner: Sendable {
  let worker: Worker

  func run(_ claimed: ClaimedJob, _ control: RunControl) async {
    let job = claimed.job
    let wait = max((job.availableAt ?? job.createdAt).duration(to: job.startedAt ?? job.createdAt), .zero)
    let clock = RunClock(wait: wait)
    worker.observer.observe(.jobStarted(job, wait: wait))
    let ending = await ending(of: job, control, clock)
    clock.end()
    let settlement = await settle(claimed.lease(), job, ending)
    switch settlement.standing {
    case .settled(let kind):
      if case .completed(.done) = kind, case .completed(let result) = ending, !result.artifacts.isEmpty {
        worker.observer.observe(.artifactsPublished(job, result.artifacts))
      }
      worker.observer.observe(.jobSettled(job, kind, timings: clock.timings()))
    case .leaseLost: worker.observer.observe(.leaseLost(job))
    case .abandoned: break  // already told as trouble; a rescue takes the job back
    }
  }

  private func ending(of job: Job, _ control: RunControl, _ clock: RunClock) async -> RunEnding {
    guard let step = worker.steps[job.step] else {
      return .snoozed(.seconds(5), reason: "This worker does not know the step \(job.step).")
    }
    let definition = step.definition
    do {
      let parameters = try definition.parameters.resolve(job.parameters, for: job.step)
      let queue = worker.queue
      let context = StepContext(
        job: job, parameters: parameters, dependencies: { try await queue.dependencyResults(of: job.id) },
        claim: { key, isRemaking in
          guard let claim = try await queue.claimDerivation(key, of: job.token, isRemaking: isRemaking) else {
            control.stop(.leaseLost)
            throw CancellationError()
          }
          return claim
        },
        report: reporter(for: job, control, clock))
      // A task of its own, so that one job can be stopped; awaited here whatever happens.
      let task = Task { try await step.run(context) }
      control.attach(task)
      let result = try await withTaskCancellationHandler {
        try await task.value
      } onCancel: {
        control.stop(.drained)
      }
      return .completed(result)
    } catch {
      return ending(after: error, control, definition)
    }
  }

  private func ending(after error: any Error, _ control: RunControl, _ definition: StepDefinition) -> RunEnding {
    switch control.stopReason {
    case .cancelRequested: return .cancelled
    case .drained, .leaseLost: return .released
    case nil: break
    }
    switch error {
    case let snooze as StepSnooze:
      return .snoozed(snooze.delay, reason: snooze.reason)
    case let wait as StepAwait:
      return .awaiting(wait.jobs, reason: wait.reason)
    case let wait as DerivationWait:
      return .duplicate(wait)
    case let quota as QuotaReached:
      return .failed(quota.failure, .fail)
    case let error as QueueError:
      // The run could not be recorded: the database's fault, not the job's.
      return .snoozed(.seconds(30), reason: error.description)
    case let failure as JobFailure:
      return .failed(failure, definition.retry.response(to: failure.failureClass))
    default:
      return .failed(
        JobFailure(.toolFailed, "The step \(definition.name) failed unexpectedly: \(error)"),
        definition.retry.response(to: .toolFailed))
    }
  }

  private func settle(_ lease: consuming JobLease, _ job: Job, _ ending: RunEnding) async -> Settlement {
    var delay = Duration.zero
    if case .failed(_, let response) = ending, let retry = worker.steps[job.step]?.definition.retry {
      let failures = response == .retryAsCrash ? job.crashes + 1 : job.attempt
      delay = retry.delay(afterFailures: failures, random: .random(in: 0..<1))
    }
    let worker = worker
    let tries = Mutex(0)
    return await worker.queue.settle(lease, of: job, as: ending, retryDelay: delay) { trouble in
      worker.observer.observe(.trouble(trouble))
      let count = tries.withLock { count in
        count += 1
        return count
      }
      // A worker that must stop leaves the job to a rescue rather than wait for a disk for ever.
      return (try? await Task.sleep(for: .milliseconds(min(100 << min(count, 6), 5_000)))) != nil
    }
  }

  private func reporter(
    for job: Job, _ control: RunControl, _ clock: RunClock
  ) -> @Sendable (StepReport) async throws -> Void {
    let throttle = Throttle()
    let warnings = Allowance(200)
    let worker = worker
    return { report in
      if case .refused(let reason) = clock.hear(report) {
        if let reason { worker.observer.observe(.jobReported(job, .log(.info, reason))) }
        return
      }
      worker.observer.observe(.jobReported(job, report))
      switch report {
      case .progress(let fraction, let message):
        guard throttle.passes() else { return }
        try await worker.queue.recordProgress(fraction, message, of: job.token)
      case .log(.warning, let message), .log(.error, let message):
        // Each is a commit: a tool that never stops warning must not hold its slot with that.
        switch warnings.take() {
        case .granted: try await worker.queue.recordWarning(message, of: job.token, by: worker.id)
        case .last:
          try await worker.queue.recordWarning("More warnings are in the log only.", of: job.token, by: worker.id)
        case .spent: break
        }
      case .log, .phase, .fact:
        break
      case .toolStarted(let process):
        guard try await worker.queue.recordToolStart(process, of: job.token, by: worker.id) else {
          control.stop(.leaseLost)
          throw CancellationError()
        }
      case .toolEnded(let usage):
        try await worker.queue.recordToolEnd(usage, of: job.token, by: worker.id)
      }
    }
  }
}

/// Lets through at most four a second: progress is for eyes, and each write is a disk flush.
private final class Throttle: Sendable {
  private static let interval = Duration.milliseconds(250)
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  func passes() -> Bool {
    let now = ContinuousClock.now
    return last.withLock { last in
      if let last, now - last < Self.interval { return false }
      last = now
      return true
    }
  }
}

/// Grants a number of things, and says once that it is spent.
private final class Allowance: Sendable {
  enum Answer { case granted, last, spent }

  private let left: Mutex<Int>

  init(_ count: Int) { left = Mutex(count) }

  func take() -> Answer {
    left.withLock { left in
      left -= 1
      return left > 0 ? .granted : left == 0 ? .last : .spent
    }
  }
}
