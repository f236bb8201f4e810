/// How long warm processes live, and how many. All defaults stand here.
package struct WarmOptions: Sendable, Hashable {
  /// Processes alive at once, at least 1; more requests wait for their turn. Changes live: ``WarmTools/setMaximum(_:)``.
  package var maximum: Int
  /// A process that has served this many is replaced.
  package var requests: Int
  /// A process older than this is replaced; none is in the middle of a request.
  package var age: Duration
  /// A process without a request for this long is ended.
  package var idle: Duration
  /// A process is replaced once its resident size has grown, since its first answer, by more than this share of that
  /// size and by more than ``growthBytes``.
  package var growthShare: Double
  /// In bytes.
  package var growthBytes: UInt64
  /// How many logs of processes that went wrong are kept, where the request does not say where they belong; older ones
  /// go.
  package var keptLogs: Int

  package init(
    maximum: Int = 1, requests: Int = 200, age: Duration = .seconds(10 * 60), idle: Duration = .seconds(60),
    growthShare: Double = 0.5, growthBytes: UInt64 = 256 << 20, keptLogs: Int = 10
  ) {
    self.maximum = maximum
    self.requests = requests
    self.age = age
    self.idle = idle
    self.growthShare = growthShare
    self.growthBytes = growthBytes
    self.keptLogs = keptLogs
  }

  /// Whether a process that had `base` bytes resident after its first answer is too large with `now`.
  func isTooLarge(_ now: UInt64, base: UInt64) -> Bool {
    guard now > base else { return false }
    return now - base > max(growthBytes, UInt64(Double(base) * growthShare))
  }
}

/// Why a warm process was ended. The raw values are the label `reason` of a metric.
package enum WarmEnd: String, Sendable, Hashable, CaseIterable {
  /// It has served its number of requests.
  case requests
  case age
  case memory
  /// It has written as many protocol lines as one run may.
  case messages
  /// It answered with an error.
  case failed
  /// It wrote what the protocol does not have, or something nobody had asked for.
  case output
  /// Another command, other limits or other processors were asked for.
  case mismatch
  case idle
  /// There are more than the maximum, which was lowered.
  case surplus
  /// Its request was cancelled.
  case cancelled
  /// It ended by itself or at a limit.
  case died
  /// The pool was closed.
  case closed
}

/// What a pool of warm processes does and has done.
package struct WarmStatistics: Sendable, Hashable {
  /// Processes that are alive, those that are just being ended included.
  package var living = 0
  /// Processes at work on a request.
  package var busy = 0
  /// Requests that wait for a process.
  package var waiting = 0
  package var started = 0
  /// Requests answered, errors included.
  package var served = 0
  package var ended: [WarmEnd: Int] = [:]

  package init() {}
}
