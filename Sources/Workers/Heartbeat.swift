import AsyncAlgorithms
import Jobs
import Queueing
import ServiceLifecycle

/// Says regularly that the worker is there, and learns of leases it has lost.
///
/// Nothing is rescued for a missing heartbeat: that is decided by the worker's lock. The column is for operators.
package struct Heartbeat: Service {
  private let worker: Worker

  package init(_ worker: Worker) { self.worker = worker }

  /// - Throws: ``QueueError/replaced(path:)``, which ends the worker: it would work on a file that nobody else sees.
  package func run() async throws {
    let ticks = AsyncTimerSequence(interval: worker.options.heartbeat, clock: .continuous)
    for await _ in ticks.cancelOnGracefulShutdown() {
      try worker.queue.checkFileIsInPlace()
      await beat()
    }
  }

  private func beat() async {
    let before = worker.running.tokens
    do {
      let leases = try await worker.queue.heartbeat(worker.id)
      worker.liveness.writeWasCommitted()
      for token in before.subtracting(leases) {
        // It may simply have ended since; then there is nothing to stop.
        guard let control = worker.running[token], control.stop(.leaseLost) else { continue }
        worker.observer.observe(.jobStopping(control.job, reason: StopReason.leaseLost.rawValue))
      }
    } catch {
      worker.liveness.writeIsHeldUp()
      worker.observer.observe(.trouble("The heartbeat could not be written, the worker keeps trying: \(error)"))
    }
  }
}
