import Jobs
import Queueing

/// What `stats --json` prints.
struct LatencyDocument {
  let report: LatencyReport

  init(_ report: LatencyReport) { self.report = report }

  var json: JSONValue {
    .object([
      "since": .string(report.since.iso8601), "until": .string(report.until.iso8601),
      "series": .array(report.sortedKeys.map { series($0, report.distributions[$0] ?? LatencyDistribution()) }),
    ])
  }

  private func series(_ key: LatencyKey, _ distribution: LatencyDistribution) -> JSONValue {
    var members: [String: JSONValue] = [
      "step": .string(key.step.rawValue), "phase": .string(key.phase.rawValue),
      "outcome": .string(key.outcome.rawValue), "count": .integer(Int64(clamping: distribution.count)),
      "sum_seconds": .number(Double(distribution.sum) / 1e6), "mean_seconds": seconds(distribution.mean),
      "max_seconds": seconds(distribution.longest),
    ]
    for quantile in LatencyQuantile.allCases { members[quantile.key] = seconds(distribution.quantile(quantile.part)) }
    return .object(members)
  }

  private func seconds(_ duration: Duration?) -> JSONValue {
    duration.map { .number(($0.seconds * 1e6).rounded() / 1e6) } ?? .null
  }
}

/// The quantiles that are shown.
enum LatencyQuantile: Double, CaseIterable {
  case p50 = 0.5
  case p90 = 0.9
  case p99 = 0.99
  case p999 = 0.999

  var part: Double { rawValue }
  /// Of its column, see ``Table``.
  var rank: Int { self == .p90 || self == .p999 ? 3 : 0 }
  var title: String { self == .p999 ? "P99.9" : "P\(Int(rawValue * 100))" }
  var key: String { self == .p999 ? "p99_9_seconds" : "p\(Int(rawValue * 100))_seconds" }
}

extension LatencyReport {
  /// By step, then outcome as ``RunOutcome`` lists them, then phase in the order in which a run has them.
  var sortedKeys: [LatencyKey] {
    let outcomes = RunOutcome.allCases
    func order(_ key: LatencyKey) -> (String, Int, Int, String) {
      (
        key.step.rawValue, outcomes.firstIndex(of: key.outcome) ?? outcomes.count,
        PhaseName.usualOrder.firstIndex(of: key.phase) ?? PhaseName.placeOfOthers, key.phase.rawValue
      )
    }
    return distributions.keys.sorted { order($0) < order($1) }
  }
}

extension PhaseName {
  /// As runs have them, one after the other; what a step names otherwise comes before ``settle``.
  fileprivate static let usualOrder: [PhaseName] = [
    .wait, .start, "snapshot", "reuse", "plan", "launch", "read", "transfer", "scene", "measure", "mesh", "render",
    "encode", "write", "check", "compress", "place", "publish", "work", .settle, .run, .total,
  ]
  fileprivate static let placeOfOthers = usualOrder.count - 3
}
