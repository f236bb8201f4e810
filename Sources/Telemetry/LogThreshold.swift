package import Logging
import Synchronization

/// The least important level that is written, for all loggers made with it; it may change at any time.
package final class LogThreshold: Sendable {
  private let value: Mutex<Logger.Level>

  package init(_ level: Logger.Level) { value = Mutex(level) }

  package var level: Logger.Level {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}
