import Synchronization

/// What a histogram has recorded lately: its counts now less those of some minutes ago.
///
/// Recording knows nothing of it. Each look that comes a minute or more after the last mark keeps the counts of its
/// moment; so the window is as long as ``minutes``, at most one more, and where nobody has looked for longer, it reaches
/// back to that look.
final class LatencyWindow: Sendable {
  static let minutes = 5
  /// The maximum is one of them.
  static let quantiles = [0.5, 0.9, 0.99, 0.999, 1]

  private struct Mark {
    let at: ContinuousClock.Instant
    let counts: [LatencyHistogram.ValueCount]
  }

  private let marks: Mutex<[Mark]>

  init(since start: ContinuousClock.Instant) { marks = Mutex([Mark(at: start, counts: [])]) }

  /// - Returns: each of ``quantiles`` with its value, within 1 %; empty when nothing was recorded.
  func quantiles(of histogram: LatencyHistogram, at now: ContinuousClock.Instant) -> [(quantile: Double, value: Double)]
  {
    // Under the lock, so that no mark is newer than what is compared with it.
    let (counts, before) = marks.withLock { marks in
      let counts = histogram.counts()
      let start = now - .seconds(Self.minutes * 60)
      marks.removeFirst(max(0, (marks.lastIndex { $0.at <= start } ?? 0)))
      if let last = marks.last, now - last.at >= .seconds(60) { marks.append(Mark(at: now, counts: counts)) }
      return (counts, marks[0].counts)
    }
    return Self.quantiles(of: Self.difference(counts, before))
  }

  private static func difference(
    _ counts: [LatencyHistogram.ValueCount], _ before: [LatencyHistogram.ValueCount]
  ) -> [LatencyHistogram.ValueCount] {
    var earlier = before[...]
    return counts.compactMap { now in
      var now = now
      // Counts only grow, so every earlier value is among those of now.
      if let first = earlier.first, first.upperEdge == now.upperEdge {
        now.count -= first.count
        earlier.removeFirst()
      }
      return now.count > 0 ? now : nil
    }
  }

  private static func quantiles(of counts: [LatencyHistogram.ValueCount]) -> [(quantile: Double, value: Double)] {
    let total = counts.reduce(0) { $0 + $1.count }
    guard total > 0 else { return [] }
    var remaining = counts[...]
    var below: UInt64 = 0
    return quantiles.map { quantile in
      let rank = max(1, (quantile * Double(total)).rounded(.up))
      while let first = remaining.first, Double(below + first.count) < rank, remaining.count > 1 {
        below += first.count
        remaining.removeFirst()
      }
      return (quantile, remaining.first?.upperEdge ?? 0)
    }
  }
}
