package import Jobs

/// What `/healthz` says of a worker.
package struct HealthReport: Sendable, Hashable {
  package enum State: String, Sendable, Hashable {
    case starting, running
    /// Takes nothing new; ends when what runs is finished or handed back.
    case draining
  }

  package var worker: WorkerID?
  package var state: State
  /// What is wrong with the database, one sentence; `nil`: it answers.
  package var databaseTrouble: String?
  /// How long this worker has been waiting for the write lock of the database at this moment.
  package var writeLockWait: Duration

  /// Beyond it a worker that waits for the lock is not healthy: it does no work.
  package static let longestWriteLockWait = Duration.seconds(30)

  package init(
    worker: WorkerID?, state: State, databaseTrouble: String? = nil, writeLockWait: Duration = .zero
  ) {
    self.worker = worker
    self.state = state
    self.databaseTrouble = databaseTrouble
    self.writeLockWait = writeLockWait
  }

  /// A draining worker is healthy: it does what it was told.
  package var isHealthy: Bool { databaseTrouble == nil && writeLockWait <= Self.longestWriteLockWait }

  var json: JSONValue {
    .object([
      "status": .string(isHealthy ? "ok" : "failing"),
      "worker": worker.map { .integer($0) } ?? .null,
      "state": .string(state.rawValue),
      "database": .string(databaseTrouble ?? "ok"),
      "write_lock_waiting_seconds": .number(writeLockWait.seconds),
    ])
  }
}
