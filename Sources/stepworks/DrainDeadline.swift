import Dispatch
import Jobs
import Synchronization

/// Bounds a drain, whoever hangs: a write that waits for the lock of another program waits for ever, and cancelling it does
/// not help. A drain that takes longer than it may is a fault, for the pool itself hands back what does not end in time.
package final class DrainDeadline: Sendable {
  package struct Overdue: Error, CustomStringConvertible {
    let budget: Duration

    package var description: String {
      "The drain did not end within \(Int(budget.seconds)) seconds; this worker gives up, and another takes back what jobs it still has."
    }
  }

  private let onOverdue: @Sendable (Overdue) -> Void
  /// Which drain it is; each beginning and each end makes the timers before it void.
  private let turn = Mutex(0)
  /// Not a task: those may all hang.
  private let queue = DispatchQueue(label: "stepworks.drain-deadline")

  /// - Parameter onOverdue: ends the process, its tools dying with it.
  package init(onOverdue: @escaping @Sendable (Overdue) -> Void) { self.onOverdue = onOverdue }

  /// The drain begins, and may take this long until ``end()``.
  package func begin(_ budget: Duration) {
    let mine = next()
    queue.asyncAfter(deadline: .now() + budget.seconds) { [self] in
      guard turn.withLock({ $0 }) == mine else { return }  // it ended in time
      onOverdue(Overdue(budget: budget))
    }
  }

  package func end() { _ = next() }

  private func next() -> Int {
    turn.withLock {
      $0 += 1
      return $0
    }
  }
}
