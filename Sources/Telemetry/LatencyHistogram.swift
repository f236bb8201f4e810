import Histogram
import Synchronization

/// What the counts of a histogram mean, and which power-of-two bounds of it are shown.
package struct HistogramScale: Sendable, Hashable {
  /// How many recorded units make one of what is shown: 2^20 for seconds recorded in units of 2^-20 s (about 1 µs).
  /// A power of two, so that every bound that is shown is also a bound of the recording, and its count is exact.
  package let unitsPerOne: Double
  /// The exponents of the bounds, in what is shown: −14 is 2^-14 s ≈ 61 µs.
  package let exponents: ClosedRange<Int>
  /// From one shown exponent to the next.
  package let stride: Int
  /// Greater values are clamped to it, and counted in `+Inf` only by ``exponents``. In recorded units.
  package let maximum: UInt64

  package init(unitsPerOne: Double, exponents: ClosedRange<Int>, stride: Int = 1, maximum: UInt64) {
    self.unitsPerOne = unitsPerOne
    self.exponents = exponents
    self.stride = stride
    self.maximum = maximum
  }

  /// 61 µs … 2.3 h; what takes longer than a week is clamped.
  package static let seconds = HistogramScale(
    unitsPerOne: 1_048_576, exponents: -14...13, maximum: 1_048_576 * 604_800)
  /// 1 ms … 68 min, a bound at every fourfold: for what has many series.
  package static let phases = HistogramScale(
    unitsPerOne: 1_048_576, exponents: -10...12, stride: 2, maximum: 1_048_576 * 604_800)
  /// 1 MiB … 128 GiB, recorded in KiB.
  package static let bytes = HistogramScale(unitsPerOne: 1 / 1024, exponents: 20...37, maximum: 1 << 32)
  /// Numbers of things: 1 … 1,048,576.
  package static let counts = HistogramScale(unitsPerOne: 1, exponents: 0...20, maximum: 1 << 40)

  var shownExponents: StrideThrough<Int> {
    Swift.stride(from: exponents.lowerBound, through: exponents.upperBound, by: stride)
  }
}

/// An HdrHistogram that threads share, with two significant digits: some 30 KB a series.
///
/// Recording takes about 20 ns.
package final class LatencyHistogram: Sendable {
  /// What an exposition shows of it.
  package struct Snapshot: Sendable, Hashable {
    package struct Bucket: Sendable, Hashable {
      package let upperBound: Double
      /// How many values were at most the bound.
      package let cumulativeCount: UInt64
    }

    package let buckets: [Bucket]
    package let count: UInt64
    package let sum: Double
  }

  struct ValueCount: Sendable, Hashable {
    var upperEdge: Double
    var count: UInt64
  }

  private struct State {
    var histogram: Histogram<UInt64>
    var sum = 0.0
  }

  package let scale: HistogramScale
  private let state: Mutex<State>

  package init(scale: HistogramScale = .seconds) {
    self.scale = scale
    state = Mutex(
      State(histogram: Histogram(highestTrackableValue: scale.maximum, numberOfSignificantValueDigits: .two)))
  }

  /// - Parameter value: in what is shown (seconds, bytes); negative and not-a-number count as 0.
  package func record(_ value: Double) {
    let value = value > 0 ? value : 0
    // A bound includes its own value: n units are recorded as n − 1, so that "below 2^k" is "at most 2^k".
    let units = (value * scale.unitsPerOne).rounded(.up) - 1
    let recorded = units <= 0 ? 0 : units >= Double(scale.maximum) ? scale.maximum : UInt64(units)
    state.withLock { state in
      _ = state.histogram.record(recorded)  // always in range: clamped above
      state.sum += value
    }
  }

  /// - Parameter percentile: 0…100.
  /// - Returns: the upper edge of the values there, within 1 %; 0 when nothing was recorded.
  package func value(atPercentile percentile: Double) -> Double {
    state.withLock { state in
      state.histogram.totalCount == 0
        ? 0 : Double(state.histogram.valueAtPercentile(percentile) + 1) / scale.unitsPerOne
    }
  }

  /// What was recorded, smallest first: the upper edge of each value that occurred, in what is shown, and how often.
  func counts() -> [ValueCount] {
    let histogram = state.withLock { $0.histogram }
    return histogram.recordedValues().map {
      ValueCount(upperEdge: Double($0.value + 1) / scale.unitsPerOne, count: $0.count)
    }
  }

  package func snapshot() -> Snapshot {
    // The copy is what the lock is held for, not the walk over it.
    let (histogram, sum) = state.withLock { ($0.histogram, $0.sum) }
    var buckets: [Snapshot.Bucket] = []
    buckets.reserveCapacity(scale.exponents.count / scale.stride + 1)
    var below: UInt64 = 0
    var values = histogram.recordedValues().makeIterator()
    var next = values.next()
    for exponent in scale.shownExponents {
      let bound = Self.powerOfTwo(exponent)
      let boundInUnits = bound * scale.unitsPerOne
      while let value = next, Double(value.value) < boundInUnits {
        below += value.count
        next = values.next()
      }
      buckets.append(Snapshot.Bucket(upperBound: bound, cumulativeCount: below))
    }
    return Snapshot(buckets: buckets, count: histogram.totalCount, sum: sum)
  }

  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
