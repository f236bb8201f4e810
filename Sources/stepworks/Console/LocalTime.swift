import Glibc
import Jobs

/// A time where the person is (`TZ`, else the zone of the machine), with the zone said.
struct LocalTime {
  /// `2026-01-31`
  let date: String
  /// `12:00:00`
  let clock: String
  /// `+01:00`; `Z` for UTC.
  let zone: String
  private let milliseconds: Int64

  init(_ time: Timestamp) {
    let seconds = time.milliseconds >= 0 ? time.milliseconds / 1000 : (time.milliseconds - 999) / 1000
    var moment = time_t(seconds)
    var parts = tm()
    localtime_r(&moment, &parts)
    milliseconds = time.milliseconds - seconds * 1000
    date = "\(Int(parts.tm_year) + 1900)-\(Self.digits(parts.tm_mon + 1))-\(Self.digits(parts.tm_mday))"
    clock = "\(Self.digits(parts.tm_hour)):\(Self.digits(parts.tm_min)):\(Self.digits(parts.tm_sec))"
    let minutes = Int32(abs(parts.tm_gmtoff) / 60)
    zone =
      minutes == 0
      ? "Z" : "\(parts.tm_gmtoff < 0 ? "-" : "+")\(Self.digits(minutes / 60)):\(Self.digits(minutes % 60))"
  }

  /// `2026-01-31 12:00:00.000+01:00`: it sorts, and programs read it.
  var text: String {
    let fraction = "\(milliseconds)"
    return "\(date) \(clock).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)\(zone)"
  }

  /// `2026-01-31 12:00:00+01:00`: likewise.
  var seconds: String { "\(date) \(clock)\(zone)" }

  private static func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
