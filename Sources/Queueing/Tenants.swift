import GRDB
package import Jobs

/// Whose jobs and artifacts they are, and how much room each may take.
package struct Tenant: Sendable, Hashable {
  package var name: String
  /// Bytes of all files that its artifacts name, each counted once.
  package var artifactBytes: Int64
  /// `nil`: no limit.
  package var maxArtifactBytes: Int64?
  package var artifacts: Int
  /// Jobs that are not final.
  package var unfinishedJobs: Int
  package var createdAt: Timestamp
}

extension JobQueue {
  /// State by state: each has an index of its own, which finished rows are not in.
  private static let unfinished = """
    SELECT tenant FROM jobs WHERE state = 'running' UNION ALL SELECT tenant FROM jobs WHERE state = 'blocked'
    UNION ALL SELECT tenant FROM jobs WHERE state = 'scheduled'
    UNION ALL SELECT tenant FROM jobs WHERE state = 'available' AND queue IS NOT NULL
    """

  /// In the order of their names.
  package func tenants() async throws -> [Tenant] {
    try await read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT name, artifact_bytes, max_artifact_bytes,
            (SELECT count(*) FROM artifacts WHERE artifacts.tenant = tenants.name),
            coalesce(waiting.count, 0), created_at
          FROM tenants LEFT JOIN (
            SELECT tenant, count(*) AS count FROM (\(Self.unfinished)) GROUP BY tenant) AS waiting
            ON waiting.tenant = tenants.name
          ORDER BY name
          """
      ).map { row in
        Tenant(
          name: row[0], artifactBytes: row[1], maxArtifactBytes: row[2], artifacts: row[3], unfinishedJobs: row[4],
          createdAt: Timestamp(milliseconds: row[5]))
      }
    }
  }

  /// - Parameter maxArtifactBytes: at least 1; `nil`: no limit.
  /// - Throws: ``QueueError/refused(_:)`` when there is one of this name.
  package func addTenant(_ name: String, maxArtifactBytes: Int64? = nil) async throws {
    try await lane.write { db in
      guard try String.fetchOne(db, sql: "SELECT name FROM tenants WHERE name = ?", arguments: [name]) == nil else {
        throw QueueError.refused("There is a tenant '\(name)' already.")
      }
      try db.run("INSERT INTO tenants (name, max_artifact_bytes) VALUES (?, ?)", [name, maxArtifactBytes])
    }
  }

  /// Takes effect at the next settlement.
  /// - Parameter maxArtifactBytes: at least 1; `nil`: no limit.
  /// - Throws: ``QueueError/noSuchTenant(_:known:)``.
  package func setQuota(of name: String, maxArtifactBytes: Int64?) async throws {
    try await lane.write { db in
      try db.run("UPDATE tenants SET max_artifact_bytes = ? WHERE name = ?", [maxArtifactBytes, name])
      guard db.changesCount == 1 else {
        throw QueueError.noSuchTenant(
          name, known: try String.fetchAll(db, sql: "SELECT name FROM tenants ORDER BY name"))
      }
    }
  }
}

/// A tenant's artifacts take, or would take, more room than it may have.
package struct QuotaReached: Error, Sendable, Hashable {
  package let tenant: String
  /// With what the run has made, if it has made something.
  package let bytes: Int64
  package let limit: Int64

  /// What becomes of the job: it would meet the same limit again.
  package var failure: JobFailure {
    JobFailure(
      .noSpace,
      "The artifacts of tenant '\(tenant)' need at least \(bytes) bytes and may take \(limit); remove old ones (stepworks artifacts gc --tenant \(tenant) --older-than 90d) or raise the limit (stepworks tenants set \(tenant) --max-artifact-bytes 10GB), then: stepworks retry."
    )
  }

  /// - Throws: ``QuotaReached`` when there is no room for a single byte more.
  static func checkRoom(for tenant: String, in db: Database) throws {
    if let (bytes, limit) = try usage(of: tenant, in: db), bytes >= limit {
      throw QuotaReached(tenant: tenant, bytes: bytes + 1, limit: limit)
    }
  }

  /// Runs the writes of a settlement, and takes them back when they exceed the limit. What adds nothing always passes.
  static func check(_ tenant: String, in db: Database, around writes: () throws -> Void) throws {
    let before = try usage(of: tenant, in: db)
    try writes()
    guard let before, let (bytes, limit) = try usage(of: tenant, in: db) else { return }
    if bytes > limit, bytes > before.bytes { throw QuotaReached(tenant: tenant, bytes: bytes, limit: limit) }
  }

  /// `nil` where there is no limit.
  private static func usage(of tenant: String, in db: Database) throws -> (bytes: Int64, limit: Int64)? {
    try db.first(
      "SELECT artifact_bytes, max_artifact_bytes FROM tenants WHERE name = ? AND max_artifact_bytes IS NOT NULL",
      [tenant]
    ) { row in (row[0], row[1]) }
  }
}
