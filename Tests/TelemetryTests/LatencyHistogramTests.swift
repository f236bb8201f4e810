import Telemetry
import Testing

struct LatencyHistogramTests {
  @Test func `A value that equals a bound is counted at or below it`() {
    let histogram = LatencyHistogram()
    for exponent in -14...13 { histogram.record(power(exponent)) }
    let snapshot = histogram.snapshot()
    #expect(snapshot.buckets.map(\.upperBound) == (-14...13).map(power))
    #expect(snapshot.buckets.map(\.cumulativeCount) == (1...28).map(UInt64.init))
  }

  @Test func `A value just above a bound is counted above it`() {
    let histogram = LatencyHistogram()
    histogram.record(1.02)
    let snapshot = histogram.snapshot()
    #expect(snapshot.buckets.first { $0.upperBound == 1 }?.cumulativeCount == 0)
    #expect(snapshot.buckets.first { $0.upperBound == 2 }?.cumulativeCount == 1)
  }

  @Test func `What is out of range is clamped and not lost`() {
    let histogram = LatencyHistogram()
    for value in [-1, .nan, 0, 1e12, .infinity] { histogram.record(value) }
    #expect(histogram.snapshot().count == 5)
    #expect(histogram.snapshot().buckets.last?.cumulativeCount == 3)
  }

  @Test func `Percentiles are right within one percent`() {
    let histogram = LatencyHistogram()
    for milliseconds in 1...1000 { histogram.record(Double(milliseconds) / 1000) }
    #expect(abs(histogram.value(atPercentile: 50) - 0.5) < 0.005)
    #expect(abs(histogram.value(atPercentile: 99) - 0.99) < 0.01)
    #expect(LatencyHistogram().value(atPercentile: 99) == 0)
  }

  @Test func `The sum is exact`() {
    let histogram = LatencyHistogram()
    histogram.record(0.25)
    histogram.record(2)
    #expect(histogram.snapshot().sum == 2.25)
  }

  private func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
}
