package import Jobs
package import Queueing
import Synchronization

/// How a worker behaves.
package struct WorkerOptions: Sendable {
  /// How many jobs it runs at once at most, whatever the queues allow.
  package var slots: Int
  /// Between two heartbeats.
  package var heartbeat: Duration
  /// Between two looks for dead workers.
  package var rescue: Duration
  /// Between two looks at the queue without being woken, and between two sweeps of the store.
  package var sweep: Duration
  /// How long running jobs may go on after a stop was asked for; then they are handed back.
  package var drain: Duration

  package init(
    slots: Int = 64, heartbeat: Duration = .seconds(10), rescue: Duration = .seconds(2),
    sweep: Duration = .seconds(15), drain: Duration = .seconds(30)
  ) {
    self.slots = slots
    self.heartbeat = heartbeat
    self.rescue = rescue
    self.sweep = sweep
    self.drain = drain
  }
}

/// One worker daemon: what its services share.
package final class Worker: Sendable {
  package let id: WorkerID
  let queue: JobQueue
  let steps: StepRegistry
  let scope: ClaimScope
  let observer: any JobObserver
  let running = RunningJobs()
  package let liveness: Liveness
  private let currentOptions: Mutex<WorkerOptions>
  private let lock: WorkerLock

  /// Takes the worker's lock, publishes its steps and registers it. From here on its death is noticed.
  /// - Throws: ``QueueError``.
  package init(
    queue: JobQueue, steps: StepRegistry, identity: WorkerIdentity, options: WorkerOptions = WorkerOptions(),
    observer: any JobObserver, liveness: Liveness = Liveness()
  ) async throws {
    guard let lock = try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory) else {
      preconditionFailure("a name of 128 random bits is not taken")
    }
    try await queue.publish(steps.definitions)
    self.lock = lock
    self.id = try await queue.register(identity, lock: lock)
    self.queue = queue
    self.steps = steps
    self.currentOptions = Mutex(options)
    self.liveness = liveness
    self.observer = observer
    self.scope = ClaimScope(
      workerID: id, steps: Set(steps.definitions.map(\.name)), queues: identity.queues.map(Set.init))
  }

  /// Says that the worker ended in good order. Only when it holds no lease: otherwise its lock file stays, and a rescue
  /// finds the jobs.
  package func retire() async throws {
    guard running.count == 0, try await queue.markStopped(id) else { return }
    lock.remove()
    observer.observe(.worker("stopped", [:]))
  }

  /// As they are now: ``change(slots:drain:)``.
  package var options: WorkerOptions { currentOptions.withLock { $0 } }

  /// Holds from the next claim, and for a drain that has not begun. Fewer slots end no job that runs.
  package func change(slots: Int, drain: Duration) {
    currentOptions.withLock { options in
      options.slots = slots
      options.drain = drain
    }
  }

  /// How many jobs it runs now.
  package var runningCount: Int { running.count }
}
