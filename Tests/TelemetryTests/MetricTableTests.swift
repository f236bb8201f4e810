import Foundation
import Telemetry
import Testing

struct MetricTableTests {
  @Test func `The documentation lists each metric as it is`() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../docs/metrics.md")
    let rows = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("| `stepworks_") || $0.hasPrefix("| `process_") }
    #expect(rows == Metric.all.map(Self.row))
  }

  @Test func `Names are by the rules: a counter ends in _total, a histogram in its unit, nothing is there twice`() {
    for metric in Metric.all {
      #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
      if metric.kind == .histogram || metric.kind == .summary { #expect(metric.unit != nil, "\(metric.name)") }
      #expect(Set(metric.labels).count == metric.labels.count)
    }
    #expect(Set(Metric.all.map(\.familyName)).count == Metric.all.count)
  }

  private static func row(_ metric: MetricDescription) -> String {
    let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
    return
      "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.unit ?? "") | \(metric.scope.rawValue) | \(metric.help) |"
  }
}
