import CoreMetrics
import Testing

@testable import Telemetry

struct ExpositionTests {
  private let registry = MetricsRegistry(
    descriptions: [
      MetricDescription("jobs_total", .counter, "Jobs, \\ and\n\"lines\"."), Self.queueLength,
      MetricDescription("cpu_seconds_total", .counter, "Time."),
    ])
  private static let queueLength = MetricDescription("g", .gauge, labels: ["queue"], "Length.")

  @Test func `A counter shows its help, its type and its labels in order`() {
    Counter(label: "jobs_total", dimensions: [("step", "ping"), ("class", "none")], factory: registry).increment(by: 2)
    #expect(
      registry.exposition() == """
        # HELP jobs_total Jobs, \\\\ and\\n"lines".
        # TYPE jobs_total counter
        jobs_total{class="none",step="ping"} 2
        # TYPE stepworks_refused_series_total counter
        stepworks_refused_series_total 0

        """)
  }

  @Test func `Handles with equal labels are one series whatever the order of the labels`() {
    Counter(label: "jobs_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
    Counter(label: "jobs_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
    #expect(registry.exposition().contains("jobs_total{a=\"1\",b=\"2\"} 2\n"))
  }

  @Test func `Quotes, backslashes and line breaks in labels are escaped`() {
    registry.replace(Self.queueLength, [(["a\"b\\c\nd"], 1)])
    #expect(registry.exposition().contains(#"g{queue="a\"b\\c\nd"} 1"#))
  }

  @Test func `Characters that Prometheus does not allow in names become underscores`() {
    Meter(label: "http.server-requests", factory: registry).set(1)
    #expect(registry.exposition().contains("http_server_requests 1\n"))
  }

  @Test func `A timer is a histogram in seconds whose last bucket is its count`() {
    let timer = Timer(label: "run_seconds", dimensions: [("step", "ping")], factory: registry)
    timer.recordNanoseconds(1_500_000_000)
    timer.recordNanoseconds(500_000_000)
    var lines = registry.exposition().split(separator: "\n").map(String.init)
    #expect(lines.first == "# TYPE run_seconds histogram")
    #expect(lines.removeLast().hasPrefix("stepworks_refused_series_total"))
    #expect(lines.removeLast().hasPrefix("# TYPE"))
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"0.5\"} 1"))
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"1.0\"} 1"))
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"2.0\"} 2"))
    #expect(
      Array(lines.suffix(3)) == [
        "run_seconds_bucket{step=\"ping\",le=\"+Inf\"} 2", "run_seconds_sum{step=\"ping\"} 2",
        "run_seconds_count{step=\"ping\"} 2",
      ])
  }

  @Test func `What is not among the values of a replaced gauge disappears`() {
    registry.replace(Self.queueLength, [(["old"], 1), (["cad"], 1)])
    registry.replace(Self.queueLength, [(["cad"], 2)])
    #expect(registry.exposition().hasPrefix("# HELP g Length.\n# TYPE g gauge\ng{queue=\"cad\"} 2\n# TYPE stepw"))
    registry.replace(Self.queueLength, [])
    #expect(!registry.exposition().contains("g{"))
  }

  @Test func `OpenMetrics names families without _total, has units, escapes quotes in help, and ends`() {
    Counter(label: "jobs_total", factory: registry).increment()
    FloatingPointCounter(label: "cpu_seconds_total", factory: registry).increment(by: 1.5)
    #expect(
      registry.exposition(.openMetrics) == """
        # HELP cpu_seconds Time.
        # TYPE cpu_seconds counter
        # UNIT cpu_seconds seconds
        cpu_seconds_total 1.5
        # HELP jobs Jobs, \\\\ and\\n\\"lines\\".
        # TYPE jobs counter
        jobs_total 1
        # TYPE stepworks_refused_series counter
        stepworks_refused_series_total 0
        # EOF

        """)
  }

  @Test func `A counter whose name lacks the ending gets it`() {
    Counter(label: "requests", factory: registry).increment()
    #expect(registry.exposition().contains("# TYPE requests_total counter\nrequests_total 1\n"))
  }

  @Test(arguments: [
    (1, "1.0"), (0.5, "0.5"), (8192, "8192.0"), (131_072, "131072.0"), (1_048_576, "1.048576e+06"), (1e6, "1e+06"),
    (137_438_953_472, "1.37438953472e+11"), (0.0001220703125, "0.0001220703125"), (0.00006103515625, "6.103515625e-05"),
    (1e20, "1e+20"), (0, "0.0"), (.infinity, "+Inf"),
  ])
  func `Bounds are written as Prometheus itself writes them`(_ value: Double, _ text: String) {
    Timer(label: "t", factory: registry).recordNanoseconds(1)
    #expect(PrometheusText.bound(value) == text)
  }

  @Test func `A metric with too many sets of labels shows the first ones, and how many it refused`() {
    for number in 0..<520 {
      Counter(label: "jobs_total", dimensions: [("id", "\(number)")], factory: registry).increment()
    }
    let lines = registry.exposition().split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("jobs_total{") } == 500)
    #expect(lines.last == "stepworks_refused_series_total 20")
    let timers = (0..<202).map { registry.makeTimer(label: "t", dimensions: [("id", "\($0)")]) }
    #expect(timers[200] === timers[201], "what is not shown takes no memory of its own")
    #expect(timers[198] !== timers[199])
  }

  @Test func `Threads that count together lose nothing`() async {
    let counter = Counter(label: "jobs_total", factory: registry)
    let floating = FloatingPointCounter(label: "seconds_total", factory: registry)
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            counter.increment()
            floating.increment(by: 0.5)
          }
        }
      }
    }
    #expect(registry.exposition().contains("\njobs_total 8000\n"))
    #expect(registry.exposition().contains("\nseconds_total 4000\n"))
  }
}
