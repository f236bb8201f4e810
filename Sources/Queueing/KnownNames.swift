import GRDB
package import Jobs

extension JobQueue {
  /// Whether there are steps, a queue, a tenant and jobs of these names.
  /// - Throws: ``QueueError`` that names the first that is not there, and those that are.
  package func checkKnown(
    steps: Set<StepName> = [], queue: QueueName? = nil, tenant: String? = nil, jobs: Set<JobID> = []
  ) async throws {
    try await read { db in
      let known = try String.fetchAll(db, sql: "SELECT name FROM steps ORDER BY name")
      if let step = steps.map(\.rawValue).sorted().first(where: { !known.contains($0) }) {
        throw QueueError.unknownStep(step, known: known)
      }
      if let queue {
        let known = try String.fetchAll(db, sql: "SELECT queue_name FROM worker_configs ORDER BY queue_name")
        if !known.contains(queue.rawValue) { throw QueueError.noSuchQueue(queue.rawValue, known: known) }
      }
      if let tenant {
        let known = try String.fetchAll(db, sql: "SELECT name FROM tenants ORDER BY name")
        if !known.contains(tenant) { throw QueueError.noSuchTenant(tenant, known: known) }
      }
      for job in jobs.sorted() {
        let found = try Int.fetchOne(db, sql: "SELECT 1 FROM jobs WHERE id = ?", arguments: [job])
        if found == nil { throw QueueError.noSuchJob(job) }
      }
    }
  }
}
