/// How often which durations were measured: the counts of an HdrHistogram with three significant digits, in
/// microseconds, without its empty places.
///
/// Number, sum and greatest are exact; a quantile is exact to a thousandth, for a duration is counted among those that
/// share its first three digits. Adding two loses nothing: the counts of the sum are those of all that was recorded, up to
/// the greatest that a number holds, where they stay.
package struct LatencyDistribution: Sendable, Hashable {
  /// Longer ones count as this: a week, in microseconds.
  package static let longest: UInt64 = 7 * 24 * 3600 * 1_000_000

  /// A place of the histogram, and how many durations fell there.
  package struct Bin: Sendable, Hashable {
    package let index: Int
    package let count: UInt64

    package init(index: Int, count: UInt64) {
      self.index = index
      self.count = count
    }
  }

  /// In the order of their places; none is empty.
  package private(set) var bins: [Bin] = []
  package private(set) var count: UInt64 = 0
  /// In microseconds.
  package private(set) var sum: UInt64 = 0
  /// In microseconds.
  package private(set) var maximum: UInt64 = 0

  package init() {}

  /// - Parameters:
  ///   - bins: in the order of their places.
  ///   - sum: of all durations, in microseconds.
  ///   - maximum: the longest, in microseconds.
  package init(bins: [Bin], sum: UInt64, maximum: UInt64) {
    self.bins = bins
    self.count = bins.reduce(0) { $0.addingSaturating($1.count) }
    self.sum = sum
    self.maximum = maximum
  }

  package init(_ durations: some Sequence<Duration>) {
    for duration in durations { record(duration) }
  }

  package var isEmpty: Bool { count == 0 }

  package mutating func record(_ duration: Duration) {
    let value = Self.microseconds(duration)
    add(LatencyDistribution(bins: [Bin(index: HistogramLayout.index(of: value), count: 1)], sum: value, maximum: value))
  }

  package mutating func add(_ other: LatencyDistribution) {
    if isEmpty {
      self = other
      return
    }
    var merged: [Bin] = []
    merged.reserveCapacity(bins.count + other.bins.count)
    var (left, right) = (bins[...], other.bins[...])
    while let a = left.first, let b = right.first {
      if a.index == b.index {
        merged.append(Bin(index: a.index, count: a.count.addingSaturating(b.count)))
        left.removeFirst()
        right.removeFirst()
      } else {
        merged.append(a.index < b.index ? left.removeFirst() : right.removeFirst())
      }
    }
    bins = merged + left + right
    count = count.addingSaturating(other.count)
    sum = sum.addingSaturating(other.sum)
    maximum = max(maximum, other.maximum)
  }

  /// `nil` when nothing was recorded.
  package var mean: Duration? { isEmpty ? nil : .microseconds(Double(sum) / Double(count)) }

  package var longest: Duration? { isEmpty ? nil : .microseconds(Int64(maximum)) }

  /// The duration that this part of all did not exceed.
  /// - Parameter part: 0…1: 0.99 is the 99th percentile.
  /// - Returns: the upper edge of its place, and never more than the longest; `nil` when nothing was recorded.
  package func quantile(_ part: Double) -> Duration? {
    guard !isEmpty else { return nil }
    let place = (min(max(part, 0), 1) * Double(count)).rounded(.up)
    let rank = place < Double(count) ? max(1, UInt64(place)) : count
    var below: UInt64 = 0
    for bin in bins {
      below = below.addingSaturating(bin.count)
      if below >= rank { return .microseconds(Int64(min(HistogramLayout.highestValue(at: bin.index), maximum))) }
    }
    return longest
  }

  /// How much longer those took, on the average, that took longer than this.
  /// - Returns: `nil` when none did.
  package func meanBeyond(_ elapsed: Duration) -> Duration? {
    let elapsed = Self.microseconds(elapsed)
    var (number, total) = (0.0, 0.0)
    for bin in bins {
      let value = min(HistogramLayout.middleValue(at: bin.index), maximum)
      guard value > elapsed else { continue }
      number += Double(bin.count)
      total += Double(bin.count) * Double(value - elapsed)
    }
    return number == 0 ? nil : .microseconds(total / number)
  }

  /// How many took longer than `lower` and at most `upper`, exact to a thousandth of these: a duration counts by the
  /// upper edge of its place, as in ``quantile(_:)``.
  package func count(in lower: Duration, _ upper: Duration) -> UInt64 {
    let last = Self.microseconds(upper)
    let first = lower < .zero ? 0 : Self.microseconds(lower) + 1
    return bins.reduce(0) { total, bin in
      let value = min(HistogramLayout.highestValue(at: bin.index), maximum)
      return value >= first && value <= last ? total.addingSaturating(bin.count) : total
    }
  }

  /// 0…``longest``.
  package static func microseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    guard seconds < 7 * 24 * 3600 else { return longest }
    return UInt64(seconds) * 1_000_000 + UInt64(attoseconds / 1_000_000_000_000)
  }
}

/// The sum of many distributions: a place for each count up to the longest duration, so that adding one takes no longer
/// the more there are.
package struct LatencySum: Sendable {
  private var counts: [UInt64] = []
  private var sum: UInt64 = 0
  private var maximum: UInt64 = 0

  package init() {}

  package mutating func add(_ distribution: LatencyDistribution) {
    if let last = distribution.bins.last?.index, last >= counts.count {
      counts += Array(repeating: 0, count: last + 1 - counts.count)
    }
    for bin in distribution.bins { counts[bin.index] = counts[bin.index].addingSaturating(bin.count) }
    sum = sum.addingSaturating(distribution.sum)
    maximum = max(maximum, distribution.maximum)
  }

  package var distribution: LatencyDistribution {
    LatencyDistribution(
      bins: counts.indices.compactMap { counts[$0] > 0 ? .init(index: $0, count: counts[$0]) : nil }, sum: sum,
      maximum: maximum)
  }
}

extension UInt64 {
  /// The greatest number where the sum is greater: rows that somebody else wrote may hold anything.
  package func addingSaturating(_ other: UInt64) -> UInt64 {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}

/// Where an HdrHistogram counts a value when it keeps three significant digits of integers from 1 on
/// (http://hdrhistogram.org; `countsArrayIndex` of its implementations): 2048 places one apart, then 1024 places for each
/// further power of two.
package enum HistogramLayout {
  package static let significantDigits = 3
  private static let halfMagnitude = 10
  private static let half = 1 << halfMagnitude

  package static func index(of value: UInt64) -> Int {
    let bucket = 64 - (halfMagnitude + 1) - (value | UInt64(2 * half - 1)).leadingZeroBitCount
    return ((bucket + 1) << halfMagnitude) + Int(value >> UInt64(bucket)) - half
  }

  /// The greatest value that counts there.
  package static func highestValue(at index: Int) -> UInt64 {
    let (lowest, width) = place(index)
    return lowest + width - 1
  }

  static func middleValue(at index: Int) -> UInt64 {
    let (lowest, width) = place(index)
    return lowest + width / 2
  }

  private static func place(_ index: Int) -> (lowest: UInt64, width: UInt64) {
    guard index >= 2 * half else { return (UInt64(index), 1) }
    let bucket = (index >> halfMagnitude) - 1
    return (UInt64((index & (half - 1)) + half) << UInt64(bucket), 1 << UInt64(bucket))
  }
}
