import CoreMetrics
import Synchronization
import Telemetry
import Testing

struct RecentQuantileTests {
  private static let metric = MetricDescription(
    "run_seconds", .histogram, labels: ["step"], "Time.", recentName: "run_quantile_seconds")
  private let clock = MovedClock()
  private let registry: MetricsRegistry
  private let timer: Timer

  init() {
    registry = MetricsRegistry(descriptions: [Self.metric], now: { [clock] in clock.now })
    timer = Timer(label: "run_seconds", dimensions: [("step", "ping")], factory: registry)
  }

  @Test func `Quantiles are there beside the buckets, the last one being the maximum`() {
    for milliseconds in 1...1000 { timer.recordNanoseconds(Int64(milliseconds) * 1_000_000) }
    let found = quantiles()
    #expect(found.map(\.0) == ["0.5", "0.9", "0.99", "0.999", "1.0"])
    for (value, expected) in zip(found.map(\.1), [0.5, 0.9, 0.99, 0.999, 1]) {
      #expect(abs(value - expected) <= expected / 100 + 0.001)
    }
    #expect(registry.exposition().contains("# TYPE run_quantile_seconds summary\n"))
  }

  @Test func `What was recorded more than six minutes ago is forgotten, and what came since is not`() {
    timer.recordNanoseconds(60_000_000_000)
    for _ in 0..<6 {
      #expect(quantiles().last?.1 ?? 0 > 59)
      clock.advance(by: .seconds(60))
    }
    timer.recordNanoseconds(1_000_000_000)
    clock.advance(by: .seconds(60))
    #expect(quantiles().allSatisfy { (0.99...1.01).contains($0.1) })
    #expect(registry.exposition().contains("run_seconds_count{step=\"ping\"} 2\n"))
  }

  @Test func `A window without a record has no quantiles`() {
    timer.recordNanoseconds(1_000_000_000)
    #expect(!quantiles().isEmpty)
    for _ in 0..<7 {
      clock.advance(by: .seconds(60))
      _ = quantiles()
    }
    #expect(quantiles().isEmpty)
    #expect(!registry.exposition().contains("run_quantile_seconds"))
  }

  @Test func `Looks that come every second do not shorten the window`() {
    timer.recordNanoseconds(60_000_000_000)
    for _ in 0..<299 {
      clock.advance(by: .seconds(1))
      #expect(!quantiles().isEmpty)
    }
  }

  @Test func `After a long time without a look the window reaches back to the last one`() {
    clock.advance(by: .seconds(3600))
    timer.recordNanoseconds(1_000_000_000)
    clock.advance(by: .seconds(3600))
    #expect(quantiles().count == 5)
  }

  private func quantiles() -> [(String, Double)] {
    registry.exposition().split(separator: "\n").compactMap { line in
      guard line.hasPrefix("run_quantile_seconds{step=\"ping\",quantile=\"") else { return nil }
      let words = line.split(separator: "\"")
      return (String(words[3]), Double(line.split(separator: " ")[1]) ?? .nan)
    }
  }
}

/// A monotonic clock that stands still until it is moved.
private final class MovedClock: Sendable {
  private let instant = Mutex(ContinuousClock.now)

  var now: ContinuousClock.Instant { instant.withLock { $0 } }

  func advance(by duration: Duration) { instant.withLock { $0 = $0 + duration } }
}
