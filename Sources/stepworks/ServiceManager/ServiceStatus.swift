package import Jobs
package import Queueing

/// The line that `systemctl status` shows of a worker.
package struct ServiceStatus: Sendable, Hashable {
  /// In this worker.
  package var running = 0
  /// In the queues that it serves, for whichever worker.
  package var waiting = WaitingWork(count: 0)
  package var isDraining = false
  /// Why the configuration could not be read again; one sentence.
  package var reloadFault: String?

  package init() {}

  package func text(at now: Timestamp) -> String {
    var text = isDraining ? "draining: running \(running)" : "running \(running)"
    text += ", waiting \(waiting.isPartial ? "\(WaitingWork.limit) or more" : String(waiting.count))"
    if let oldest = waiting.oldestAvailableAt {
      text += ", oldest \(Int(max(0, oldest.duration(to: now).seconds))) s\(waiting.isPartial ? " or more" : "")"
    }
    if let reloadFault { text += "; the configuration was not reloaded: \(reloadFault)" }
    // One line, whatever a sentence holds.
    return text.visible.replacing("\n", with: " ")
  }
}
