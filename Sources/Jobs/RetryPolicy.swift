/// What the class of a failure makes of the job.
package enum FailureResponse: Sendable, Hashable {
  /// Again after a backoff, at the cost of one attempt.
  case retry
  /// Again after a backoff, at the cost of one crash.
  case retryAsCrash
  /// Again after the given time, at no cost: the fault is the machine's, not the job's.
  case snooze(Duration)
  /// Final.
  case fail
}

/// How often and how soon a step is tried again.
package struct RetryPolicy: Sendable, Hashable {
  /// Before the second attempt.
  package var base: Duration
  /// Each further wait is longer by this factor.
  package var factor: Double
  /// No wait is longer.
  package var maximum: Duration
  /// Each wait is spread by ± this fraction, so that jobs that failed together do not come back together. 0…1.
  package var jitter: Double
  /// Before the same job is tried where a tool is missing or the disk is full.
  package var snooze: Duration
  /// What this step does otherwise than ``response(to:)`` says by default.
  package var overrides: [FailureClass: FailureResponse]

  package init(
    base: Duration = .seconds(2), factor: Double = 4, maximum: Duration = .seconds(15 * 60), jitter: Double = 0.2,
    snooze: Duration = .seconds(30), overrides: [FailureClass: FailureResponse] = [:]
  ) {
    self.base = base
    self.factor = factor
    self.maximum = maximum
    self.jitter = jitter
    self.snooze = snooze
    self.overrides = overrides
  }

  package static let standard = RetryPolicy()

  /// The wait before the next run, after `failures` runs that ended in an error (at least 1).
  /// - Parameter random: a number in 0..<1.
  package func delay(afterFailures failures: Int, random: Double) -> Duration {
    var seconds = base.seconds
    for _ in 1..<min(max(failures, 1), 1_000) {
      if seconds >= maximum.seconds { break }
      seconds *= factor
    }
    let capped = min(seconds, maximum.seconds)
    return .seconds(capped * (1 + jitter * (2 * random - 1)))
  }

  /// Input errors are never retried; a fault of the machine costs the job nothing.
  package func response(to failureClass: FailureClass) -> FailureResponse {
    if let override = overrides[failureClass] { return override }
    return switch failureClass {
    case .invalidInput, .missingInput, .dependencyFailed, .cancelled: .fail
    case .toolFailed, .timedOut, .stalled, .outOfMemory, .invalidOutput: .retry
    case .toolCrashed, .workerDied: .retryAsCrash
    case .missingTool, .noSpace: .snooze(snooze)
    // Not at once: what interrupted it may do so again.
    case .interrupted: .snooze(base)
    }
  }
}
