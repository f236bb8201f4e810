import GRDB
package import Jobs

/// A completed job and what determined its files.
package struct JobProvenance: Sendable, Hashable {
  package var job: Job
  package var provenance: JSONValue
  /// Of the last run of the job that has really made the files, without the time it waited for others.
  package var took: Duration
}

extension JobQueue {
  /// `nil` when the job has no artifact, or none that is still recorded.
  package func provenance(of jobID: JobID) async throws -> JobProvenance? {
    try await provenances("id = ?", [jobID]).first
  }

  /// The newest job that has an artifact of this content; `nil` when none is recorded.
  /// - Parameter sha256: lowercase hexadecimal.
  package func provenance(ofFile sha256: String) async throws -> JobProvenance? {
    try await provenances("id = (SELECT job_id FROM artifacts WHERE sha256 = ? ORDER BY id DESC LIMIT 1)", [sha256])
      .first
  }

  /// The jobs of the same step and tenant on the same source that have made something before this one, newest first.
  package func provenances(before job: Job, limit: Int = 50) async throws -> [JobProvenance] {
    try await provenances(
      """
      id < ? AND step = ? AND tenant = ?
        AND json_extract(parameters, '$.source') IS json_extract(?, '$.source')
      """, [job.id, job.step.rawValue, job.tenant, job.parameters.text], limit: limit)
  }

  /// The newest of each step, tenant and parameters that a producer wanted, newest first.
  /// - Parameters:
  ///   - steps: none: all.
  ///   - source: text that the source has to contain.
  package func newestProvenances(
    steps: Set<StepName> = [], tenant: String? = nil, source: String? = nil
  ) async throws -> [JobProvenance] {
    try await provenances(
      """
      (?1 IS NULL OR step IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR tenant = ?2)
        AND (?3 IS NULL OR instr(json_extract(parameters, '$.source'), ?3))
        AND id IN (SELECT max(made.id) FROM jobs AS made
          WHERE made.state = 'completed' AND made.parent_id IS NULL
            AND EXISTS (SELECT 1 FROM artifacts WHERE job_id = made.id)
          GROUP BY made.step, made.tenant, made.parameters)
      """,
      [
        steps.isEmpty ? nil : JSONValue.array(steps.map(\.rawValue).sorted().map { .string($0) }).text, tenant, source,
      ])
  }

  private func provenances(
    _ condition: String, _ arguments: StatementArguments, limit: Int = -1
  ) async throws -> [JobProvenance] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT \(JobRow.columns), (SELECT provenance FROM artifacts WHERE job_id = jobs.id ORDER BY artifacts.id LIMIT 1), (
            SELECT maker.finished_at - maker.started_at
            FROM artifacts JOIN artifacts AS made USING (derivation_key) JOIN jobs AS maker ON maker.id = made.job_id
            WHERE artifacts.job_id = jobs.id AND maker.outcome = 'done' ORDER BY made.id DESC LIMIT 1), (
            SELECT maker.finished_at - maker.started_at FROM jobs AS maker
            WHERE maker.id = json_extract(jobs.result, '$.cached_from') AND maker.outcome = 'done')
          FROM jobs
          WHERE state = 'completed' AND EXISTS (SELECT 1 FROM artifacts WHERE job_id = jobs.id) AND \(condition)
          ORDER BY id DESC LIMIT \(limit)
          """, arguments: arguments
      ).map { row in
        // The artifacts of who made it may be gone, its row is not.
        let took: Int64? = row[row.count - 2] ?? row[row.count - 1]
        return JobProvenance(
          job: try Job(row: row), provenance: try JSONValue(parsing: row[row.count - 3] as String),
          took: .milliseconds(took ?? 0))
      }
    }
  }
}
