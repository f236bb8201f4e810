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

  private typealias Recordings = [LatencyKey: Recording]

  private let written = Mutex(Recordings())
  /// Held by who takes: one at a time.
  private let resting = Mutex(Recordings())

  package init() {}

  package func observe(_ observation: WorkerObservation) {
    guard case .jobSettled(let job, let kind, let timings) = observation else { return }
    let (step, outcome) = (job.step, kind.outcome)
    written.withLock { recordings in
      timings.eachDuration { phase, duration in
        recordings[LatencyKey(step, phase, outcome), default: Recording()].record(duration)
      }
    }
  }

  /// What was measured since it was last taken.
  package func take() -> [LatencyKey: LatencyDistribution] {
    resting.withLock { resting in
      // The lock of the writers is held for the swap only, not for the walk over the counts.
      written.withLock { written in swap(&written, &resting) }
      let taken = resting.filter { $0.value.histogram.totalCount > 0 }
      let result = taken.mapValues(\.distribution)
      for key in Array(resting.keys) {
        if result[key] == nil { resting[key] = nil } else { resting[key]?.reset() }
      }
      return result
    }
  }
}
