#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// A point in wall-clock time, in whole milliseconds since 1970 UTC: the unit of every time column.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  package init(_ date: Date) { self.milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded(.down)) }

  package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  package func advanced(by duration: Duration) -> Timestamp {
    Timestamp(milliseconds: milliseconds + duration.wholeMilliseconds)
  }

  package func duration(to later: Timestamp) -> Duration {
    .milliseconds(later.milliseconds - milliseconds)
  }

  /// ISO 8601 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.
  package var iso8601: String {
    // Half a millisecond more: the formatter cuts off, and a Double may lie just below its millisecond.
    Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}

extension Duration {
  /// Rounded towards zero.
  package var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }

  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

/// Where the time of day comes from; tests give their own.
package struct WallClock: Sendable {
  package let now: @Sendable () -> Timestamp

  package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  package static let system = WallClock { Timestamp(Date()) }
}
