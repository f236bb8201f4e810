import GRDB
package import Jobs

extension JobQueue {
  /// Writes the registry, so that producers can insert jobs of these steps. An older binary does not overwrite what a
  /// newer one published.
  package func publish(_ definitions: [StepDefinition]) async throws {
    let now = clock.now().milliseconds
    try await lane.write { db in
      for step in definitions {
        try db.run(
          """
          INSERT INTO steps (name, version, queue, summary, parameter_schema, dedup, max_attempts, max_crashes, tools,
            updated_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (name) DO UPDATE SET version = excluded.version, queue = excluded.queue,
            summary = excluded.summary, parameter_schema = excluded.parameter_schema, dedup = excluded.dedup,
            max_attempts = excluded.max_attempts, max_crashes = excluded.max_crashes, tools = excluded.tools,
            updated_at = excluded.updated_at
          WHERE excluded.version >= steps.version
          """,
          [
            step.name.rawValue, step.version, step.queue.rawValue, step.summary, step.parameters.jsonSchema.text,
            step.dedup.rawValue, step.maxAttempts, step.maxCrashes,
            JSONValue.array(step.tools.map { .string($0) }).text, now,
          ])
      }
    }
  }

  /// Gives queues that have no row yet a starting limit; a limit that somebody set stays.
  package func ensureQueues(_ limits: [QueueName: Int]) async throws {
    try await lane.write { db in
      for (queue, limit) in limits.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        try db.run(
          "INSERT OR IGNORE INTO worker_configs (queue_name, max_concurrency) VALUES (?, ?)", [queue.rawValue, limit])
      }
    }
  }
}
