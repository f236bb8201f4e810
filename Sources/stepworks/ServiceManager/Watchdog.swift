import Glibc

/// How often systemd wants a sign of life.
package enum Watchdog {
  /// What the environment says: `WATCHDOG_USEC`, meant for the process `WATCHDOG_PID` if that is given.
  /// - Returns: `nil` when nobody watches.
  package static func interval(environment: [String: String], pid: Int32 = getpid()) -> Duration? {
    if let watched = environment["WATCHDOG_PID"], Int32(watched) != pid { return nil }
    guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else { return nil }
    return .microseconds(microseconds)
  }

  /// Between two heartbeats and between two turns of the idle claim loop at most, so that a healthy worker shows each of
  /// them well within half the interval.
  package static func longestPause(_ interval: Duration) -> Duration { interval / 4 }
}
