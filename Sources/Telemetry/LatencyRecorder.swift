import Histogram
package import Jobs
import Synchronization

/// Measures how long runs take, by step, phase and outcome, until somebody takes what was measured.
///
/// Recording makes nothing: two histograms of each kind are written in turns, one of them emptied while the other is
/// written. They are made when a step, phase or outcome is first seen, grow when a duration is longer than any before,
/// and are let go of when an interval passes without one, so a worker at rest keeps none.
package final class LatencyRecorder: JobObserver {
  private struct Recording {
    /// Some 10 KB to 100 KB, as the longest duration wants.
    var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
    var sum: UInt64 = 0

    mutating func record(_ duration: Duration) {
      let value = LatencyDistribution.microseconds(duration)
      histogram.record(value)
      sum &+= value
    }

    mutating func reset() {
      histogram.reset()
      sum = 0
    }

    var distribution: LatencyDistribution {
      let bins = histogram.recordedValues().map { value in
        LatencyDistribution.Bin(index: HistogramLayout.index(of: value.value), count: UInt64(value.count))
      }
      return LatencyDistribution(bins: bins, sum: sum, maximum: histogram.maxRecorded)
    }
  }

  /// The runs of one step that ended in the same way.
  private struct Runs {
    private(set) var phases: [PhaseName] = []
    private(set) var recordings: [Recording] = []

    mutating func record(_ timings: RunTimings) {
      // Runs of a step have their phases in the same order, so the next one is nearly always where it was.
      var next = 0
      timings.eachDuration { phase, duration in
        let index = next < phases.count && phases[next] == phase ? next : place(of: phase)
        recordings[index].record(duration)
        next = index + 1
      }
    }

    private mutating func place(of phase: PhaseName) -> Int {
      if let known = phases.firstIndex(of: phase) { return known }
      phases.append(phase)
      recordings.append(Recording())
      return phases.count - 1
    }

    /// Empties all, and lets go of those that are empty already.
    mutating func reset() {
      for index in recordings.indices.reversed() {
        if recordings[index].histogram.totalCount > 0 {
          recordings[index].reset()
        } else {
          phases.remove(at: index)
          recordings.remove(at: index)
        }
      }
    }
  }

  private struct Kind: Hashable {
    let step: StepName
    let outcome: RunOutcome
  }

  private struct Written {
    var runs: [Kind: Runs] = [:]
    /// What each step, or its tool, has called phases so far.
    var phases: [StepName: Set<PhaseName>] = [:]
    var full: Set<StepName> = []

    /// - Returns: whether a phase is left out, for the first time of this step.
    mutating func record(_ step: StepName, _ outcome: RunOutcome, _ timings: RunTimings) -> Bool {
      var timings = timings
      let isLeftOut = !timings.phases.allSatisfy { admits($0.name, of: step) }
      if isLeftOut { timings.phases.removeAll { !admits($0.name, of: step) } }
      runs[Kind(step: step, outcome: outcome), default: Runs()].record(timings)
      return isLeftOut && full.insert(step).inserted
    }

    private mutating func admits(_ phase: PhaseName, of step: StepName) -> Bool {
      if let known = phases[step] {
        if known.contains(phase) { return true }
        if known.count >= LatencyRecorder.phaseLimit { return false }
      }
      phases[step, default: []].insert(phase)
      return true
    }
  }

  /// How many different phases of a step are counted; what its tool names beyond them is not, or it could fill the
  /// table.
  package static let phaseLimit = 32

  private let written = Mutex(Written())
  /// Held by who takes: one at a time.
  private let resting = Mutex<[Kind: Runs]>([:])

  private let whenFull: @Sendable (StepName) -> Void

  /// - Parameter whenFull: called once for a step that has more phases than ``phaseLimit``.
  package init(whenFull: @escaping @Sendable (StepName) -> Void = { _ in }) { self.whenFull = whenFull }

  package func observe(_ observation: WorkerObservation) {
    guard case .jobSettled(let job, let kind, let timings) = observation else { return }
    if written.withLock({ $0.record(job.step, kind.outcome, timings) }) { whenFull(job.step) }
  }

  /// What was measured since it was last taken.
  package func take() -> [LatencyKey: LatencyDistribution] {
    resting.withLock { resting in
      // The lock of the writers is held for the swap only, not for the walk over the counts.
      written.withLock { written in swap(&written.runs, &resting) }
      var taken: [LatencyKey: LatencyDistribution] = [:]
      for (kind, runs) in resting {
        for (phase, recording) in zip(runs.phases, runs.recordings) where recording.histogram.totalCount > 0 {
          taken[LatencyKey(kind.step, phase, kind.outcome)] = recording.distribution
        }
      }
      for kind in Array(resting.keys) {
        resting[kind]?.reset()
        if resting[kind]?.phases.isEmpty == true { resting[kind] = nil }
      }
      return taken
    }
  }
}
