import Synchronization

/// The signs by which a worker shows that it gets on: its claim loop turns, and what it writes is committed.
///
/// Whoever watches over the worker, such as systemd's watchdog, asks ``takeProgress(at:)`` regularly. A writer that is
/// held up by somebody else, who keeps the database locked or has filled the disk, is no fault that a new start of this
/// worker would mend, and its running jobs would pay for it; so it is excused, but not longer than ``patience``.
package final class Liveness: Sendable {
  private struct State {
    var hasLooked = false
    var turns = 0
    var turnsTold = 0
    var hasCommitted = false
    var isHeldUp = false
    var isCheckpointing = false
    var lastCommit: SuspendingClock.Instant
  }

  /// How long nothing may be committed before a writer that is held up counts as wedged all the same.
  package static let patience = Duration.seconds(15 * 60)

  private let state: Mutex<State>

  /// - Parameter now: when the worker started. The clock stands still while the machine sleeps.
  package init(at now: SuspendingClock.Instant = .now) { state = Mutex(State(lastCommit: now)) }

  /// How often the claim loop came round: when this stands still, the worker has seen nothing new.
  package var turns: Int { state.withLock { $0.turns } }

  /// Whether the worker has looked for claimable jobs and got an answer.
  package var hasLooked: Bool { state.withLock { $0.hasLooked } }

  /// The claim loop looked for claimable jobs, and the database answered.
  func queueWasRead() { state.withLock { $0.hasLooked = true } }

  /// The claim loop came round, whatever it found.
  func claimLoopTurned() {
    state.withLock { $0.turns += 1 }
  }

  func writeWasCommitted(at now: SuspendingClock.Instant = .now) {
    state.withLock { state in
      state.hasCommitted = true
      state.isHeldUp = false
      state.lastCommit = now
    }
  }

  /// A write waits for the lock of another process, or the database refused it.
  package func writeIsHeldUp() { state.withLock { $0.isHeldUp = true } }

  /// A checkpoint after a commit begins. One of a log that others have let grow may take as long as it likes: the disk is slow,
  /// not this worker.
  package func checkpointBegan() { state.withLock { $0.isCheckpointing = true } }

  package func checkpointEnded() { state.withLock { $0.isCheckpointing = false } }

  /// Whether, since it last said so, both the claim loop has turned and a write was committed, or the writer was held up
  /// or at a checkpoint, within its ``patience``. A `true` starts anew.
  package func takeProgress(at now: SuspendingClock.Instant = .now) -> Bool {
    state.withLock { state in
      let isExcused = (state.isHeldUp || state.isCheckpointing) && state.lastCommit.duration(to: now) < Self.patience
      guard isExcused || (state.turns > state.turnsTold && state.hasCommitted) else { return false }
      state.turnsTold = state.turns
      state.hasCommitted = false
      state.isHeldUp = false
      return true
    }
  }
}
