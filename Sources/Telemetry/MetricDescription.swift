/// What a metric is: its name by Prometheus' rules (unit in the name, `_total` for counters), and what people and
/// scrapers are told of it.
package struct MetricDescription: Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable {
    case counter, gauge, histogram
    /// Quantiles over a while; made of a histogram.
    case summary
  }

  /// Whose number it is, and so how those of several workers are added up.
  package enum Scope: String, Sendable, Hashable {
    /// Of this process: sum.
    case worker
    /// Of the database that all workers share, and equal in each: max, never sum.
    case database
    /// Of the machine, and equal in each worker on it: max by machine.
    case machine
  }

  package let name: String
  package let kind: Kind
  package let labels: [String]
  package let scope: Scope
  /// One sentence or two, for the exposition.
  package let help: String
  /// Of a histogram that holds something else than its kind usually does.
  package let scale: HistogramScale?
  /// Of a histogram: the summary of what was recorded lately.
  package let recentName: String?

  package init(
    _ name: String, _ kind: Kind, labels: [String] = [], scope: Scope = .worker, _ help: String,
    scale: HistogramScale? = nil, recentName: String? = nil
  ) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.scope = scope
    self.help = help
    self.scale = scale
    self.recentName = recentName
  }

  /// The name without the `_total` of a counter: what OpenMetrics calls the family.
  package var familyName: String {
    kind == .counter && name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
  }

  /// `seconds` or `bytes`, where the name says so; `nil`: a number of things.
  package var unit: String? { ["seconds", "bytes"].first { familyName.hasSuffix("_" + $0) } }
}
