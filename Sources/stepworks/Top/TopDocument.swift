import Jobs
import Queueing

extension TopSnapshot {
  /// What `stepworks top --json` prints for each look: the words of the database, times as ISO 8601.
  var document: JSONValue {
    .object([
      "at": .string(at.iso8601), "database": .string(database), "workers": .array(workers.map(Self.document)),
      "queues": .array(queues.map(document)), "running": .array(running.map(\.document)),
      "running_count": .integer(Int64(runningCount)), "ended": .array(endings.map(\.document)),
      "throughput": .object([
        "over_seconds": .number(throughput.over.seconds), "completed": .integer(Int64(throughput.ends.completed)),
        "failed": .integer(Int64(throughput.ends.failed)), "cancelled": .integer(Int64(throughput.ends.cancelled)),
      ]),
    ])
  }

  private func document(_ queue: Queue) -> JSONValue {
    Documents.queue(
      queue.status, eta: queue.emptyIn, workers: workers.count { $0.serves(queue.status.name) })
  }

  private static func document(_ worker: WorkerStatus) -> JSONValue {
    .object([
      "id": .integer(worker.id), "host": .string(worker.host), "pid": .integer(Int64(worker.pid)),
      "version": .string(worker.version), "state": .string(worker.isDraining ? "draining" : "running"),
      "alive": .bool(worker.isAlive), "status_address": worker.statusAddress.map { .string($0) } ?? .null,
      "started_at": .string(worker.startedAt.iso8601), "heartbeat_at": .string(worker.heartbeatAt.iso8601),
      "running": .integer(Int64(worker.running)),
    ])
  }
}

extension TopSnapshot.Running {
  fileprivate var document: JSONValue {
    var members = Documents.job(job)
    members["eta_seconds"] = remaining.map { .number($0.seconds) } ?? .null
    members["tool_processors"] = tool.map { .number($0.processors) } ?? .null
    members["tool_resident_bytes"] = tool.map { .integer(Int64(clamping: $0.residentBytes)) } ?? .null
    return .object(members)
  }
}

extension TopSnapshot.Ending {
  fileprivate var document: JSONValue {
    var members = Documents.event(event).objectValue ?? [:]
    members["step"] = .string(job.step.rawValue)
    members["source"] = job.parameters["source"] ?? .null
    return .object(members)
  }
}
