import CoreMetrics
import Telemetry
import Testing

struct ExpositionTests {
  private let registry = MetricsRegistry(descriptions: [.init("jobs_total", "Jobs, \\ and\nlines.")])

  @Test func `A counter shows its help, its type and its labels in order`() {
    Counter(label: "jobs_total", dimensions: [("step", "ping"), ("class", "none")], factory: registry).increment(by: 2)
    #expect(
      registry.exposition() == """
        # HELP jobs_total Jobs, \\\\ and\\nlines.
        # TYPE jobs_total counter
        jobs_total{class="none",step="ping"} 2

        """)
  }

  @Test func `Handles with equal labels are one series whatever the order of the labels`() {
    Counter(label: "jobs_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
    Counter(label: "jobs_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
    #expect(registry.exposition().contains("jobs_total{a=\"1\",b=\"2\"} 2\n"))
  }

  @Test func `Quotes, backslashes and line breaks in labels are escaped`() {
    registry.setGauge("g", [("queue", "a\"b\\c\nd")], 1)
    #expect(registry.exposition().contains(#"g{queue="a\"b\\c\nd"} 1"#))
  }

  @Test func `Characters that Prometheus does not allow in names become underscores`() {
    registry.setGauge("http.server-requests", [], 1)
    #expect(registry.exposition().contains("\nhttp_server_requests 1\n"))
  }

  @Test func `A timer is a histogram in seconds whose last bucket is its count`() {
    let timer = Timer(label: "run_seconds", dimensions: [("step", "ping")], factory: registry)
    timer.recordNanoseconds(1_500_000_000)
    timer.recordNanoseconds(500_000_000)
    let lines = registry.exposition().split(separator: "\n").map(String.init)
    #expect(lines.first == "# TYPE run_seconds histogram")
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"0.5\"} 1"))
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"1\"} 1"))
    #expect(lines.contains("run_seconds_bucket{step=\"ping\",le=\"2\"} 2"))
    #expect(
      Array(lines.suffix(3)) == [
        "run_seconds_bucket{step=\"ping\",le=\"+Inf\"} 2", "run_seconds_sum{step=\"ping\"} 2",
        "run_seconds_count{step=\"ping\"} 2",
      ])
  }

  @Test func `A gauge that is not among those to keep disappears`() {
    registry.setGauge("g", [("queue", "old")], 1)
    registry.setGauge("g", [("queue", "cad")], 2)
    registry.keepOnly([[("queue", "cad")]], of: "g")
    #expect(registry.exposition() == "# TYPE g gauge\ng{queue=\"cad\"} 2\n")
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
