import Foundation
import Jobs

/// Times and sizes for people.
enum HumanTime {
  /// `0s`, `59s`, `12m`, `3h`, `5d`.
  static func age(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3600: "\(seconds / 60)m"
    case ..<86_400: "\(seconds / 3600)h"
    default: "\(seconds / 86_400)d"
    }
  }

  /// With two units where one says too little: `59s`, `1m 40s`, `12m`, `1h 55m`, `14h`, `2d 3h`.
  static func span(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    func text(_ great: Int64, _ small: Int64, _ units: (String, String)) -> String {
      let rest = seconds % great / small
      return "\(seconds / great)\(units.0)" + (seconds / great < 10 && rest > 0 ? " \(rest)\(units.1)" : "")
    }
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3600: text(60, 1, ("m", "s"))
    case ..<86_400: text(3600, 60, ("h", "m"))
    default: text(86_400, 3600, ("d", "h"))
    }
  }

  /// `0:07`, `12:30`, `1:02:03`.
  static func clock(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }

  /// `850 ms`, `4.2 s`, `1m 40s`, `12m`.
  static func took(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.wholeMilliseconds)
    return switch milliseconds {
    case ..<1000: "\(milliseconds) ms"
    case ..<60_000: "\(Double(milliseconds / 100) / 10) s"
    default: span(duration)
    }
  }

  /// `1 file`, `2 files`.
  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  /// `512 B`, `1.4 MB`.
  static func bytes(_ count: Int64) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 1000 || unit == "GB" {
        return unit == "B" ? "\(count) B" : "\((value * 10).rounded() / 10) \(unit)"
      }
      value /= 1000
    }
    return "\(count) B"
  }

  /// `90`, `30s`, `5m`, `2h`, `1d`, `1w`; `nil` for anything else.
  static func duration(_ text: String) -> Duration? {
    let factors: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
    let factor = text.last.flatMap { factors[$0] }
    guard let number = Double(factor == nil ? text : String(text.dropLast())), number >= 0, number.isFinite,
      number * (factor ?? 1) < 1e9
    else { return nil }
    return .milliseconds(Int64(number * (factor ?? 1) * 1000))
  }

  /// ISO 8601 with a zone, `2026-01-31T12:00:00Z`; `nil` for anything else.
  static func timestamp(_ text: String) -> Timestamp? {
    let plain = try? Date(text, strategy: .iso8601)
    let fractional = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    return (plain ?? fractional).map { Timestamp($0) }
  }
}
