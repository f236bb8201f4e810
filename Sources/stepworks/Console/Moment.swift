import ArgumentParser
import Jobs

/// A point in time as `--since` and its like take it everywhere: an age, or ISO 8601 with a zone.
enum Moment {
  /// What to write, for a help text.
  static let help = "an age such as 90m, 24h, 7d or 2w, or a time such as 2026-01-31T12:00:00Z"

  /// - Returns: `nil` when it is neither.
  static func time(_ text: String, now: Timestamp) -> Timestamp? {
    HumanTime.duration(text).map { now.advanced(by: .zero - $0) } ?? HumanTime.timestamp(text)
  }

  /// - Throws: `ValidationError` when something is given that is neither.
  static func check(_ flag: String, _ text: String?) throws {
    guard let text, time(text, now: Timestamp(milliseconds: 0)) == nil else { return }
    throw ValidationError("\(flag) takes \(help), not '\(text)'.")
  }
}
