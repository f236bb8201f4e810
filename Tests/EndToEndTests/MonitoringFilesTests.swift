import Foundation
import Jobs
import Telemetry
import Testing

/// The files for Prometheus and Grafana that are shipped, against what there really is.
@Suite(.timeLimit(.minutes(2)))
struct MonitoringFilesTests {
  private static let rules = Prometheus.source("config/prometheus/stepworks.rules.yml")
  private static let scenarios = Prometheus.source("Tests/PrometheusRules/alerts.test.yml")

  @Test func `Prometheus takes the rules and the example of its configuration`() throws {
    for arguments in [
      ["check", "rules", "--lint-fatal", Self.rules.path],
      ["check", "config", Prometheus.source("config/prometheus/prometheus.yml").path],
    ] {
      let checked = try Command.run(Prometheus.promtool, arguments)
      #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    }
  }

  @Test func `Every alert fires in its scenario, and not in the one beside it`() throws {
    let tested = try Prometheus.promtool("test", "rules", Self.scenarios.path)
    #expect(tested.status == 0, "\(tested.output)\(tested.errors)")
    let scenarios = try String(contentsOf: Self.scenarios, encoding: .utf8)
    let fired = Set(scenarios.matches(of: /alertname: (\w+)\n +exp_alerts:\n/).map { String($0.1) })
    let quiet = Set(scenarios.matches(of: /alertname: (\w+)\n +exp_alerts: \[\]/).map { String($0.1) })
    #expect(fired == Set(try Self.alerts()))
    #expect(quiet == fired)
  }

  @Test func `Every alert is explained in the documentation, and no other is`() throws {
    let document = try String(contentsOf: Prometheus.source("docs/metrics.md"), encoding: .utf8)
    let explained = document.matches(of: /\n\| `(Stepworks\w+)` \|/).map { String($0.1) }
    #expect(explained == (try Self.alerts()))
  }

  @Test func `The commands that alerts name are commands of this version`() throws {
    let text = try String(contentsOf: Self.rules, encoding: .utf8)
    let commands = text.matches(of: /(?:command: |; )(stepworks [^;|\n]*)/).map { String($0.1) }
    #expect(commands.count > 10)
    for command in Set(commands) {
      let words = command.split(separator: " ").dropFirst().map(String.init)
      let subcommands = words.prefix { $0.wholeMatch(of: /[a-z]+/) != nil }
      let help = try Command.run(Products.program("stepworks"), subcommands + ["--help"])
      #expect(help.status == 0, "\(command)")
      for option in words where option.hasPrefix("--") { #expect(help.output.contains(option), "\(command)") }
    }
  }

  @Test func `Rules and dashboard name only metrics and labels that there are`() throws {
    let text = try String(contentsOf: Self.rules, encoding: .utf8)
    let recorded = text.matches(of: /record: (\S+)/).map { String($0.1) }
    let known = Dictionary(uniqueKeysWithValues: Metric.all.map { ($0.name, $0) })
    let expressions =
      try text.matches(of: /expr: (?:\|\n)?((?:.+\n)(?: {10}.*\n)*)/).map { String($0.1) } + Self.dashboardExpressions()
    #expect(expressions.count > 80)
    for expression in expressions {
      var rest = expression
      for name in recorded { rest = rest.replacingOccurrences(of: name, with: "") }
      for match in rest.matches(of: /\b((?:stepworks|process)_\w+)(\{[^}]*\})?/) {
        let written = String(match.1)
        let name =
          ["_bucket", "_sum", "_count"].first { written.hasSuffix($0) }
          .map { String(written.dropLast($0.count)) } ?? written
        let metric = try #require(known[name], "\(written) in \(expression)")
        #expect((name != written) == (metric.kind == .histogram), "\(written) in \(expression)")
        let labels = (match.2 ?? "").matches(of: /(\w+)=~?"/).map { String($0.1) }
        for label in labels where !["job", "instance", "le"].contains(label) {
          #expect(metric.labels.contains(label), "\(label) of \(written) in \(expression)")
        }
      }
    }
  }

  @Test func `Prometheus understands every expression of the dashboard`() async throws {
    let installation = try Installation()
    let prometheus = try Prometheus(in: installation.directory, scraping: [])
    for expression in try Self.dashboardExpressions() { _ = try await prometheus.query(expression) }
    await #expect(throws: PrometheusError.self) { try await prometheus.query("rate(stepworks_jobs_started_total)") }
  }

  @Test func `The dashboard's panels have a place, an expression and the data source that was chosen`() throws {
    let panels = try #require(try Self.dashboard()["panels"]?.arrayValue)
    #expect(Set(panels.compactMap { $0["id"]?.integerValue }).count == panels.count)
    var taken: Set<[Int64]> = []
    for panel in panels {
      let title = panel["title"]?.stringValue ?? ""
      let place = try #require(panel["gridPos"])
      let (x, y) = (try #require(place["x"]?.integerValue), try #require(place["y"]?.integerValue))
      let (w, h) = (try #require(place["w"]?.integerValue), try #require(place["h"]?.integerValue))
      #expect(x >= 0 && x + w <= 24, "\(title)")
      for column in x..<x + w { for row in y..<y + h { #expect(taken.insert([column, row]).inserted, "\(title)") } }
      guard panel["type"] != .string("row") else { continue }
      let targets = try #require(panel["targets"]?.arrayValue)
      #expect(!targets.isEmpty, "\(title)")
      #expect(Set(targets.compactMap { $0["refId"]?.stringValue }).count == targets.count)
      #expect(targets.allSatisfy { $0["datasource"]?["uid"] == .string("${datasource}") })
    }
  }

  /// In the order of the file.
  private static func alerts() throws -> [String] {
    try String(contentsOf: rules, encoding: .utf8).matches(of: /- alert: (\w+)/).map { String($0.1) }
  }

  private static func dashboard() throws -> JSONValue {
    try JSONValue(parsing: try String(contentsOf: Prometheus.source("config/grafana/stepworks.json"), encoding: .utf8))
  }

  /// With what Grafana puts in for its variables.
  private static func dashboardExpressions() throws -> [String] {
    let dashboard = try dashboard()
    let panels = dashboard["panels"]?.arrayValue ?? []
    let annotations = dashboard["annotations"]?["list"]?.arrayValue ?? []
    return (panels.flatMap { $0["targets"]?.arrayValue ?? [] } + annotations).compactMap { $0["expr"]?.stringValue }
      .map { expression in
        expression.replacingOccurrences(of: "$__rate_interval", with: "1m")
          .replacing(/\$(job|queue|step)/) { _ in ".+" }
      }
  }
}
