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
  private let timer = Mutex<Task<Void, Never>?>(nil)

  /// - Parameter onOverdue: ends the process, its tools dying with it.
  package init(onOverdue: @escaping @Sendable (Overdue) -> Void) { self.onOverdue = onOverdue }

  /// The drain begins, and may take this long until ``end()``.
  package func begin(_ budget: Duration) {
    timer.withLock { timer in
      timer?.cancel()
      timer = Task.detached { [onOverdue] in
        guard (try? await Task.sleep(for: budget, clock: .suspending)) != nil else { return }  // it ended in time
        onOverdue(Overdue(budget: budget))
      }
    }
  }

  package func end() { timer.withLock { $0?.cancel() } }
}
