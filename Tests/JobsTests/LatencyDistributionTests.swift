import Foundation
import Jobs
import Testing

struct LatencyDistributionTests {
  @Test func `Nothing recorded has no quantile, no mean and no maximum`() {
    let nothing = LatencyDistribution()
    #expect(nothing.isEmpty)
    #expect(nothing.quantile(0.5) == nil)
    #expect(nothing.mean == nil)
    #expect(nothing.longest == nil)
    #expect(nothing.meanBeyond(.zero) == nil)
  }

  @Test func `Quantiles are exact to a thousandth of what sorting gives`() {
    var generator = SystemRandomNumberGenerator()
    let values = (0..<20_000).map { _ in pow(10, Double.random(in: 0...11, using: &generator)).rounded() }
    let distribution = LatencyDistribution(values.map { .microseconds(Int64($0)) })
    let sorted = values.sorted()
    for part in [0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = sorted[max(0, Int((part * 20_000).rounded(.up)) - 1)]
      let told = distribution.quantile(part)!.seconds * 1e6
      #expect(told >= exact - 0.5 && told <= exact * 1.001 + 0.5, "\(part): \(told) for \(exact)")
    }
  }

  @Test func `Number, mean and greatest are exact`() {
    let distribution = LatencyDistribution([.microseconds(1), .microseconds(1_234_567), .microseconds(987_654_321)])
    #expect(distribution.count == 3)
    #expect(distribution.sum == 988_888_889)
    #expect(distribution.longest == .microseconds(987_654_321))
    #expect(distribution.quantile(1) == .microseconds(987_654_321))
  }

  @Test func `What is too much for a number stays at the greatest`() {
    var most = LatencyDistribution(
      bins: [.init(index: 7, count: .max - 1), .init(index: 9, count: .max - 1)], sum: .max - 1, maximum: 9)
    #expect(most.count == .max)
    most.add(most)
    var sum = LatencySum()
    for _ in 0..<2 { sum.add(most) }
    #expect(sum.distribution == most)
    #expect(most.sum == .max && most.bins.map(\.count) == [.max, .max])
    #expect(most.quantile(1) == .microseconds(7))
    #expect(most.count(in: .zero, .seconds(1)) == .max)
  }

  @Test func `A sum of many is what adding one to the other gives`() {
    var (sum, added) = (LatencySum(), LatencyDistribution())
    for round in 0..<50 {
      let one = LatencyDistribution((0...round).map { .microseconds($0 * $0 * 997) })
      sum.add(one)
      added.add(one)
    }
    #expect(sum.distribution == added)
    #expect(LatencySum().distribution.isEmpty)
  }

  @Test func `Adding is as if all had been recorded in one`() {
    let (some, others) = ((0..<500).map { $0 * $0 * 7 }, (0..<900).map { $0 * 1013 })
    var sum = LatencyDistribution(some.map { .microseconds($0) })
    sum.add(LatencyDistribution(others.map { .microseconds($0) }))
    #expect(sum == LatencyDistribution((some + others).map { .microseconds($0) }))
    sum.add(LatencyDistribution())
    #expect(sum.count == 1400)
  }

  @Test(arguments: [
    (Duration.seconds(-1), UInt64(0)), (.zero, 0), (.nanoseconds(1999), 1), (.seconds(2), 2_000_000),
    (.seconds(7 * 86400), LatencyDistribution.longest), (.seconds(Int64.max), LatencyDistribution.longest),
  ])
  func `What is out of range counts as the nearest that is not`(duration: Duration, microseconds: UInt64) {
    #expect(LatencyDistribution([duration]).maximum == microseconds)
  }

  @Test func `What goes on beyond a time is the mean of those that went on`() {
    let distribution = LatencyDistribution([.seconds(1), .seconds(2), .seconds(10), .seconds(20)])
    #expect(abs(distribution.meanBeyond(.zero)!.seconds - 8.25) < 0.01)
    #expect(abs(distribution.meanBeyond(.seconds(5))!.seconds - 10) < 0.02)
    #expect(distribution.meanBeyond(.seconds(20)) == nil)
  }

  @Test(arguments: [[], [0], [1], [2047, 2048, 4096], [1, 3, 1_000_000, 604_800_000_000], Array(0..<5000)])
  func `What is encoded is decoded`(microseconds: [Int]) {
    let distribution = LatencyDistribution(microseconds.map { .microseconds($0) })
    let bytes = HistogramEncoding.encode(distribution)
    #expect(
      HistogramEncoding.decode(bytes, sum: distribution.sum, maximum: distribution.maximum) == distribution)
  }

  /// From HdrHistogram's own sources: the head of version 2, and what three durations of 1, 1 and 5 µs look like.
  @Test func `The encoding is HdrHistogram's version 2, byte for byte`() {
    let bytes = HistogramEncoding.encode(LatencyDistribution([.microseconds(1), .microseconds(1), .microseconds(5)]))
    let head: [UInt8] = [
      0x1C, 0x84, 0x93, 0x13, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1,
      0, 0, 0, 0x8C, 0xD0, 0xE3, 0xA0, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0,
    ]
    // One empty place, two, three empty places, one.
    #expect(bytes == head + [0, 4, 5, 2])
  }

  @Test func `Bytes that are cut, longer or of another kind are refused`() {
    let bytes = HistogramEncoding.encode(LatencyDistribution([.seconds(1), .seconds(3)]))
    func decodes(_ bytes: [UInt8]) -> Bool { HistogramEncoding.decode(bytes, sum: 0, maximum: 0) != nil }
    #expect(decodes(bytes))
    for length in 0..<bytes.count { #expect(!decodes(Array(bytes.prefix(length)))) }
    #expect(!decodes(bytes + [0]))
    for place in [0, 3, 7, 11, 15, 23] {
      var other = bytes
      other[place] ^= 1
      #expect(!decodes(other), "byte \(place)")
    }
    // A run of empty places that is longer than any histogram.
    #expect(!decodes(Array(bytes.prefix(7)) + [10] + bytes[8..<40] + Array(repeating: 0xFF, count: 10)))
  }
}
