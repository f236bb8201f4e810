package import Logging
import Synchronization

/// The least important level that is written, for all loggers made with it; it may change at any time. It is asked for
/// each line, also for those that are not written.
package final class LogThreshold: Sendable {
  private static let levels = Logger.Level.allCases

  /// Among ``levels``.
  private let index: Atomic<Int>

  package init(_ level: Logger.Level) { index = Atomic(Self.index(of: level)) }

  package var level: Logger.Level {
    get { Self.levels[index.load(ordering: .relaxed)] }
    set { index.store(Self.index(of: newValue), ordering: .relaxed) }
  }

  private static func index(of level: Logger.Level) -> Int {
    guard let index = levels.firstIndex(of: level) else { preconditionFailure("every level is a case") }
    return index
  }
}
