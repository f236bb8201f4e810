import FoundationEssentials
import GRDB
package import Jobs

/// How long the rows of `latency_histograms` are, and when they become part of a longer one.
package enum LatencyResolution: Int, Sendable, CaseIterable {
  case minute = 60
  case hour = 3600
  case day = 86400

  package var duration: Duration { .seconds(rawValue) }

  /// How long rows of this resolution are kept after the end of the interval that they become, or until they are
  /// deleted.
  package var kept: Duration {
    switch self {
    case .minute: .seconds(2 * 86400)
    case .hour: .seconds(31 * 86400)
    case .day: .seconds(400 * 86400)
    }
  }

  /// What rows of this resolution become; `nil`: they are deleted.
  var next: LatencyResolution? {
    switch self {
    case .minute: .hour
    case .hour: .day
    case .day: nil
    }
  }

  func start(of time: Timestamp) -> Timestamp {
    let length = Int64(rawValue) * 1000
    return Timestamp(milliseconds: max(0, time.milliseconds) / length * length)
  }
}

extension JobQueue {
  /// Adds what a worker measured to the rows of this minute, in one transaction. Writes nothing when there is nothing.
  package func recordLatencies(_ measured: [LatencyKey: LatencyDistribution]) async throws {
    let measured = measured.filter { !$0.value.isEmpty }
    if measured.isEmpty { return }
    let start = LatencyResolution.minute.start(of: clock.now())
    try await lane.write { [path] db in
      for (key, distribution) in measured {
        try LatencyRow.add(distribution, to: key, .minute, start, in: db, path: path)
      }
    }
  }

  /// Makes minutes that are old enough into hours, hours into days, and deletes days that are too old: an interval of
  /// the longer kind a transaction. Several workers may do it at once. Rows that nobody can read, and those of an outcome
  /// that a later version writes, stay as they are.
  package func compactLatencies() async throws {
    let now = clock.now()
    for resolution in LatencyResolution.allCases {
      var next: Timestamp? = Timestamp(milliseconds: 0)
      while let from = next { next = try await compactOldest(resolution, from: from, now) }
    }
  }

  /// - Returns: where to go on; `nil` when nothing is left that is old enough.
  private func compactOldest(
    _ resolution: LatencyResolution, from: Timestamp, _ now: Timestamp
  ) async throws -> Timestamp? {
    let target = resolution.next ?? .day
    let limit = target.start(of: now.advanced(by: .zero - resolution.kept))
    let oldest = try await read { db in
      try Int64.fetchOne(
        db, sql: "SELECT min(starts_at) FROM latency_histograms WHERE \(LatencyRow.isWithin())",
        arguments: [resolution.rawValue, from.milliseconds, limit.milliseconds])
    }
    guard let oldest else { return nil }
    let start = target.start(of: Timestamp(milliseconds: oldest))
    let end = start.advanced(by: target.duration)
    let range: StatementArguments = [resolution.rawValue, start.milliseconds, end.milliseconds]
    try await lane.write { [path] db in
      if resolution.next == nil {
        let outcomes = RunOutcome.allCases.map(\.rawValue)
        try db.run(
          """
          DELETE FROM latency_histograms WHERE \(LatencyRow.isWithin())
            AND outcome IN (\(outcomes.map { _ in "?" }.joined(separator: ", ")))
          """, range + StatementArguments(outcomes))
      } else {
        try Self.move(range, resolution, to: target, start, in: db, path: path)
      }
    }
    return end
  }

  private static func move(
    _ range: StatementArguments, _ resolution: LatencyResolution, to target: LatencyResolution, _ start: Timestamp,
    in db: Database, path: String
  ) throws {
    var sums: [LatencyKey: (sum: LatencySum, starts: [Int64])] = [:]
    let rows = try Row.fetchCursor(
      db, sql: "SELECT \(LatencyRow.columns), starts_at FROM latency_histograms WHERE \(LatencyRow.isWithin())",
      arguments: range)
    while let row = try rows.next() {
      guard let (key, distribution) = try LatencyRow.readable(row, path: path) else { continue }
      sums[key, default: (LatencySum(), [])].sum.add(distribution)
      sums[key]?.starts.append(row[6])
    }
    for (key, (sum, starts)) in sums {
      do {
        try LatencyRow.add(sum.distribution, to: key, target, start, in: db, path: path)
      } catch QueueError.unreadable {
        // The longer interval's own row is damaged: what would become part of it waits until that is deleted.
        continue
      }
      for start in starts {
        try db.run(
          "DELETE FROM latency_histograms WHERE \(LatencyRow.isAt)",
          LatencyRow.place(of: key, resolution, Timestamp(milliseconds: start)))
      }
    }
  }
}

/// A row of `latency_histograms`.
enum LatencyRow {
  static let columns = "step, phase, outcome, sum_us, max_us, histogram"

  /// Takes the phases, `seconds`, from, until. Phases come first in the key of the table, and there are some dozens.
  /// - Parameter phases: how many are asked for; 0: every one that there is.
  static func isWithin(phases count: Int = 0) -> String {
    let wanted = count == 0 ? phases : Array(repeating: "?", count: count).joined(separator: ", ")
    return "phase IN (\(wanted)) AND seconds = ? AND starts_at >= ? AND starts_at < ?"
  }
  static let isAt = "phase = ? AND seconds = ? AND starts_at = ? AND step = ? AND outcome = ?"

  /// A step from phase to phase each, not a walk over all rows.
  private static let phases = """
    WITH RECURSIVE known (phase) AS (
      SELECT min(phase) FROM latency_histograms
      UNION ALL SELECT (SELECT min(phase) FROM latency_histograms AS other WHERE other.phase > known.phase)
        FROM known WHERE known.phase IS NOT NULL)
    SELECT phase FROM known WHERE phase IS NOT NULL
    """

  static func place(of key: LatencyKey, _ resolution: LatencyResolution, _ start: Timestamp) -> StatementArguments {
    [key.phase.rawValue, resolution.rawValue, start.milliseconds, key.step.rawValue, key.outcome.rawValue]
  }

  /// As ``read(_:path:)``, and `nil` for a histogram that nobody can read.
  static func readable(_ row: Row, path: String) throws -> (LatencyKey, LatencyDistribution)? {
    do { return try read(row, path: path) } catch QueueError.unreadable { return nil }
  }

  /// - Returns: `nil` for an outcome that a later version writes.
  /// - Throws: ``QueueError/unreadable(path:reason:)`` for a histogram that nobody can read.
  static func read(_ row: Row, path: String) throws -> (LatencyKey, LatencyDistribution)? {
    let (step, phase): (String, String) = (row[0], row[1])
    guard let outcome = RunOutcome(rawValue: row[2]) else { return nil }
    let (sum, maximum): (Int64, Int64) = (row[3], row[4])
    let bytes = [UInt8](row[5] as Data)
    guard let sum = UInt64(exactly: sum), let maximum = UInt64(exactly: maximum),
      let distribution = HistogramEncoding.decode(bytes, sum: sum, maximum: maximum)
    else {
      throw QueueError.unreadable(
        path: path,
        reason: "a histogram of step \(step), phase \(phase) in latency_histograms is damaged; delete that row")
    }
    return (
      LatencyKey(StepName(rawValue: step), PhaseName(rawValue: phase), outcome), distribution
    )
  }

  /// Adds to the row of the interval, or makes it.
  static func add(
    _ distribution: LatencyDistribution, to key: LatencyKey, _ resolution: LatencyResolution, _ start: Timestamp,
    in db: Database, path: String
  ) throws {
    let place = place(of: key, resolution, start)
    var sum = distribution
    let known = try db.first(
      "SELECT \(columns) FROM latency_histograms WHERE \(isAt)", place
    ) { row in try read(row, path: path) }
    if let known = known.flatMap(\.self) { sum.add(known.1) }
    try db.run(
      """
      INSERT INTO latency_histograms (phase, seconds, starts_at, step, outcome, count, sum_us, max_us, histogram)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = excluded.count, sum_us = excluded.sum_us, max_us = excluded.max_us,
        histogram = excluded.histogram
      """,
      place + [
        Int64(clamping: sum.count), Int64(clamping: sum.sum), Int64(clamping: sum.maximum),
        Data(HistogramEncoding.encode(sum)),
      ])
  }
}
