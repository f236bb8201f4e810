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

  package init(worker: WorkerID?, state: State, databaseTrouble: String? = nil) {
    self.worker = worker
    self.state = state
    self.databaseTrouble = databaseTrouble
  }

  /// A draining worker is healthy: it does what it was told.
  package var isHealthy: Bool { databaseTrouble == nil }

  var json: JSONValue {
    .object([
      "status": .string(isHealthy ? "ok" : "failing"),
      "worker": worker.map { .integer($0) } ?? .null,
      "state": .string(state.rawValue),
      "database": .string(databaseTrouble ?? "ok"),
    ])
  }
}
