/// How long the runs of each step took lately: what forecasts are made from.
package struct RunHistory: Sendable, Hashable {
  private struct Runs: Hashable {
    var durations = LatencyDistribution()
    /// Runs after which the job was over.
    var finished: UInt64 = 0
  }

  private var steps: [StepName: Runs] = [:]

  /// More would say nothing, and thousands of it must add up.
  private static let longestWork = Duration.seconds(366 * 86400)

  /// - Parameter distributions: those of the phase `run` are taken.
  package init(_ distributions: [LatencyKey: LatencyDistribution] = [:]) {
    for (key, distribution) in distributions where key.phase == .run && key.outcome.tells {
      steps[key.step, default: Runs()].durations.add(distribution)
      if key.outcome.isFinal {
        let finished = steps[key.step]?.finished ?? 0
        steps[key.step]?.finished = finished.addingSaturating(distribution.count)
      }
    }
  }

  /// The same, with what `earlier` knows of steps of which no job was finished here.
  package func completed(by earlier: RunHistory) -> RunHistory {
    var result = self
    for (step, runs) in earlier.steps where (steps[step]?.finished ?? 0) == 0 { result.steps[step] = runs }
    return result
  }

  /// How long a job of the step occupies a slot until it is over, all its runs together; `nil` when none was over yet.
  package func work(of step: StepName) -> Duration? {
    guard let runs = steps[step], runs.finished > 0 else { return nil }
    return min(.microseconds(Double(runs.durations.sum) / Double(runs.finished)), Self.longestWork)
  }

  /// How much longer runs of the step took that had taken this long; `nil` when none took longer.
  package func remaining(of step: StepName, after elapsed: Duration) -> Duration? {
    steps[step]?.durations.meanBeyond(elapsed)
  }
}

extension RunOutcome {
  /// Whether the job is over.
  package var isFinal: Bool {
    switch self {
    case .done, .cached, .skipped, .failed, .cancelled: true
    case .retryScheduled, .snoozed, .awaiting, .released: false
    }
  }

  /// Whether the length of such a run says anything: one that somebody stopped says when he did.
  fileprivate var tells: Bool { self != .cancelled && self != .released }
}
