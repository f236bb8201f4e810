import GRDB
package import Jobs

/// What to tell of how long runs took.
package struct LatencyFilter: Sendable {
  package var steps: Set<StepName>
  package var phases: Set<PhaseName>
  package var outcomes: Set<RunOutcome>
  package var since: Timestamp
  package var until: Timestamp

  /// - Parameters:
  ///   - steps, phases, outcomes: empty: every one.
  ///   - since, until: the window; rows that begin before its end and end after its begin are told whole.
  package init(
    steps: Set<StepName> = [], phases: Set<PhaseName> = [], outcomes: Set<RunOutcome> = [], since: Timestamp,
    until: Timestamp
  ) {
    self.steps = steps
    self.phases = phases
    self.outcomes = outcomes
    self.since = since
    self.until = until
  }
}

/// How long runs took in a window of time.
package struct LatencyReport: Sendable, Hashable {
  package var distributions: [LatencyKey: LatencyDistribution]
  /// The window that is told of: the one that was asked for, widened to whole rows, but not beyond now.
  package var since: Timestamp
  package var until: Timestamp
}

extension JobQueue {
  /// - Throws: ``QueueError``.
  package func latencies(_ filter: LatencyFilter) async throws -> LatencyReport {
    try await latencies(filter, skippingDamaged: false)
  }

  /// - Parameter skippingDamaged: whether rows that nobody can read are left out; otherwise they are an error.
  func latencies(_ filter: LatencyFilter, skippingDamaged: Bool) async throws -> LatencyReport {
    let now = clock.now()
    return try await read { [path] db in
      var conditions: [String] = []
      var arguments: StatementArguments = []
      func require(_ column: String, in values: [String]) {
        guard !values.isEmpty else { return }
        conditions.append("AND \(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
        arguments += StatementArguments(values)
      }
      require("step", in: filter.steps.map(\.rawValue).sorted())
      require("outcome", in: filter.outcomes.map(\.rawValue).sorted())
      let phases = filter.phases.map(\.rawValue).sorted()
      var sums: [LatencyKey: LatencySum] = [:]
      var report = LatencyReport(distributions: [:], since: filter.since, until: filter.until)
      for resolution in LatencyResolution.allCases {
        let range: StatementArguments = [
          resolution.rawValue, filter.since.advanced(by: .milliseconds(1) - resolution.duration).milliseconds,
          filter.until.milliseconds,
        ]
        let rows = try Row.fetchCursor(
          db,
          sql: """
            SELECT \(LatencyRow.columns), starts_at FROM latency_histograms
            WHERE \(LatencyRow.isWithin(phases: phases.count)) \(conditions.joined(separator: " "))
            """, arguments: StatementArguments(phases) + range + arguments)
        while let row = try rows.next() {
          let entry = try skippingDamaged ? LatencyRow.readable(row, path: path) : LatencyRow.read(row, path: path)
          guard let (key, distribution) = entry else { continue }
          sums[key, default: LatencySum()].add(distribution)
          let start = Timestamp(milliseconds: row[6])
          report.since = min(report.since, start)
          report.until = max(report.until, min(start.advanced(by: resolution.duration), now))
        }
      }
      report.distributions = sums.mapValues(\.distribution)
      return report
    }
  }

  /// When the oldest interval begins for which there is anything; `nil` when nothing was ever measured.
  package func latenciesBegin() async throws -> Timestamp? {
    try await read { db in
      try Int64.fetchOne(db, sql: "SELECT min(starts_at) FROM latency_histograms").map(Timestamp.init(milliseconds:))
    }
  }
}
