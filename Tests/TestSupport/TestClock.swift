package import Jobs
import Synchronization

/// A time of day that stands still until a test moves it.
package final class TestClock: Sendable {
  private let time: Mutex<Timestamp>

  package init(_ start: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)) { time = Mutex(start) }

  package var now: Timestamp { time.withLock { $0 } }

  /// Forwards, or backwards.
  package func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }

  package var wall: WallClock { WallClock { [self] in now } }
}
