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

  private let written = Mutex<[Kind: Runs]>([:])
  /// Held by who takes: one at a time.
  private let resting = Mutex<[Kind: Runs]>([:])

  package init() {}

  package func observe(_ observation: WorkerObservation) {
    guard case .jobSettled(let job, let kind, let timings) = observation else { return }
    written.withLock { $0[Kind(step: job.step, outcome: kind.outcome), default: Runs()].record(timings) }
  }

  /// What was measured since it was last taken.
  package func take() -> [LatencyKey: LatencyDistribution] {
    resting.withLock { resting in
      // The lock of the writers is held for the swap only, not for the walk over the counts.
      written.withLock { written in swap(&written, &resting) }
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
