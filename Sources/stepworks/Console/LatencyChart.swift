import Jobs

/// How durations are spread: a bar a range, each about as wide as the next on a logarithmic scale, and as narrow as the
/// spread allows.
///
///     200 ms … 500 ms  ██████████████████████▌            42  35 %  p50
///        500 ms … 1 s  ████████████████████████████████   60  50 %
///           1 s … 2 s  ████▒                              10   8 %  p90 p99
struct LatencyChart {
  private struct Row {
    let lower: Duration
    let upper: Duration
    /// Of the runs that did what they were for, and of the others.
    var good: UInt64
    var bad: UInt64

    var count: UInt64 { good.addingSaturating(bad) }
  }

  private let all: LatencyDistribution
  private let rows: [Row]

  /// Rows that a chart has at most.
  private static let mostRows = 18
  /// Where ranges end, from one power of ten to the next: the narrowest that give no more rows are taken.
  private static let scales: [[Int64]] = [[10, 12, 15, 20, 25, 30, 40, 50, 60, 80], [10, 20, 50], [10]]

  init(_ distributions: [(outcome: RunOutcome, distribution: LatencyDistribution)]) {
    let all = distributions.reduce(into: LatencyDistribution()) { $0.add($1.distribution) }
    func rows(_ edges: [Duration]) -> [Row] {
      let rows = zip([.zero - .microseconds(1)] + edges, edges).map { lower, upper in
        var row = Row(lower: max(lower, .zero), upper: upper, good: 0, bad: 0)
        for (outcome, distribution) in distributions {
          let count = distribution.count(in: lower, upper)
          if outcome.isTrouble {
            row.bad = row.bad.addingSaturating(count)
          } else {
            row.good = row.good.addingSaturating(count)
          }
        }
        return row
      }
      guard let first = rows.firstIndex(where: { $0.count > 0 }), let last = rows.lastIndex(where: { $0.count > 0 })
      else { return [] }
      return Array(rows[first...last])
    }
    let charts = Self.scales.lazy.map { rows(Self.edges($0)) }
    self.all = all
    self.rows = charts.first { $0.count <= Self.mostRows } ?? charts[charts.endIndex - 1]
  }

  /// From 10 µs to more than a week.
  private static func edges(_ factors: [Int64]) -> [Duration] {
    var edges: [Duration] = []
    var unit: Int64 = 1
    while unit <= 100_000_000_000 {
      edges += factors.map { .microseconds($0 * unit) }
      unit *= 10
    }
    return edges
  }

  func lines(width: Int, colour: Bool) -> [String] {
    let labels = rows.map { "\(LatencyText.edge($0.lower)) … \(LatencyText.edge($0.upper))" }
    let counts = rows.map { "\($0.count)" }
    let labelWidth = labels.map(TextWidth.columns).max() ?? 0
    let countWidth = counts.map(\.count).max() ?? 0
    let most = rows.map(\.count).max() ?? 1
    let marks = rows.map(quantiles)
    let marksWidth = marks.map(\.count).max() ?? 0
    // Two columns between any two, and five for the percents.
    let room = max(10, min(60, width - labelWidth - countWidth - marksWidth - 4 * 2 - 5))
    return rows.indices.map { index in
      let row = rows[index]
      let percent = "\(Int((100 * Double(row.count) / Double(max(1, all.count))).rounded())) %"
      let line =
        "\(TextWidth.padded(labels[index], to: labelWidth, right: true))  "
        + bar(row, of: most, room: room, colour: colour)
        + "  \(TextWidth.padded(counts[index], to: countWidth, right: true))"
        + "  \(TextWidth.padded(row.count == 0 ? "" : percent, to: 5, right: true))  \(marks[index])"
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Full blocks for good runs, shaded ones for the others, an eighth as the finest; never empty where there is a run.
  private func bar(_ row: Row, of most: UInt64, room: Int, colour: Bool) -> String {
    guard row.count > 0 else { return String(repeating: " ", count: room) }
    let eighths = max(1, Int((Double(row.count) / Double(most) * Double(room * 8)).rounded()))
    let badCells =
      row.bad == 0 ? 0 : max(1, Int((Double(row.bad) / Double(row.count) * Double(eighths) / 8).rounded()))
    let goodEighths = row.good == 0 ? 0 : max(1, eighths - badCells * 8)
    let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][row.bad == 0 ? goodEighths % 8 : 0]
    let full = row.bad == 0 ? goodEighths / 8 : (goodEighths + 7) / 8
    let good = String(repeating: "█", count: min(full, room)) + partial
    let bad = String(repeating: "▒", count: min(badCells, room - min(full, room)))
    let used = min(full, room) + partial.count + bad.count
    return (colour ? Style.green.applied(to: good) + (bad.isEmpty ? "" : Style.red.applied(to: bad)) : good + bad)
      + String(repeating: " ", count: max(0, room - used))
  }

  /// `p50 p90` where these lie in the range.
  private func quantiles(_ row: Row) -> String {
    LatencyQuantile.allCases.filter { quantile in
      guard let value = all.quantile(quantile.part) else { return false }
      return (value > row.lower || row.lower == .zero) && value <= row.upper
    }.map { $0.title.lowercased() }.joined(separator: " ")
  }
}

extension LatencyText {
  /// A round number: `0`, `200 ms`, `1.5 s`, `100 s`, `5000 s`.
  static func edge(_ duration: Duration) -> String {
    let microseconds = LatencyDistribution.microseconds(duration)
    if microseconds == 0 { return "0" }
    let (unit, name): (UInt64, String) =
      switch microseconds {
      case ..<1000: (1, "µs")
      case ..<1_000_000: (1000, "ms")
      default: (1_000_000, "s")
      }
    let tenths = microseconds * 10 / unit
    return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
  }
}
