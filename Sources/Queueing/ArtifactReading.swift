import GRDB
package import Jobs

/// A row of `artifacts`, with what its job says of it.
package struct StoredArtifact: Sendable, Hashable {
  package var id: Int64
  package var jobID: JobID
  package var step: StepName
  package var tenant: String
  /// As its job was given it.
  package var source: String?
  /// Of a picture: which side it shows.
  package var view: String?
  /// Of a film's picture: its number, from 0.
  package var frame: Int64?
  package var createdAt: Timestamp
  package var artifact: Artifact
}

/// Which artifacts are meant; what is `nil` or empty leaves them all in.
package struct ArtifactFilter: Sendable {
  /// How an artifact stands to those that the same request made later: same tenant, step and parameters.
  package enum Age: Sendable {
    /// No later job made it again.
    case latest
    /// A later job made it again, or something else from a source that has changed.
    case superseded
  }

  package var ids: Set<Int64> = []
  package var jobs: Set<JobID> = []
  package var roles: Set<String> = []
  package var steps: Set<StepName> = []
  package var tenant: String?
  /// A part of the name of the source.
  package var source: String?
  /// A part of the path, the role, the step, the parameters or the provenance. Letters A to Z count in either case, here
  /// and in ``source``.
  package var text: String?
  package var since: Timestamp?
  package var before: Timestamp?
  package var age: Age?
  /// The newest this many; `nil`: all.
  package var limit: Int?

  package init() {}
}

extension JobQueue {
  /// Newest first.
  package func storedArtifacts(_ filter: ArtifactFilter) async throws -> [StoredArtifact] {
    try await read { db in try ArtifactQuery(filter).rows(in: db) }
  }

  /// Those whose file is at this path, newest first.
  package func storedArtifacts(at path: String) async throws -> [StoredArtifact] {
    // By the index of digests where the path has one, as all paths of the store have.
    let digest = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
    return try await read { db in
      var query = ArtifactQuery(ArtifactFilter())
      if digest.count == 64 { query.require("artifacts.sha256 = ?", [digest]) }
      query.require("artifacts.path = ?", [path])
      return try query.rows(in: db)
    }
  }

  /// Those whose digest starts with these hexadecimal digits, newest first.
  package func storedArtifacts(digestPrefix: String) async throws -> [StoredArtifact] {
    let prefix = digestPrefix.lowercased()
    return try await read { db in
      var query = ArtifactQuery(ArtifactFilter())
      // A range, which the index of digests answers; g comes after the last digit.
      query.require("artifacts.sha256 >= ? AND artifacts.sha256 < ?", [prefix, prefix + "g"])
      return try query.rows(in: db)
    }
  }
}

/// The query behind a filter.
struct ArtifactQuery {
  private var conditions: [String] = []
  private var arguments = StatementArguments()
  private let limit: Int?
  private let needsAge: Bool

  init(_ filter: ArtifactFilter) {
    limit = filter.limit
    needsAge = filter.age != nil
    require("artifacts.id", oneOf: filter.ids.sorted())
    require("artifacts.job_id", oneOf: filter.jobs.sorted())
    require("artifacts.role", oneOf: filter.roles.sorted())
    require("jobs.step", oneOf: filter.steps.map(\.rawValue).sorted())
    if let tenant = filter.tenant { require("artifacts.tenant = ?", [tenant]) }
    if let source = filter.source { require("\(Self.source) LIKE ? ESCAPE '\\'", [Self.pattern(source)]) }
    if let text = filter.text {
      let all =
        "artifacts.path || ' ' || artifacts.role || ' ' || jobs.step || ' ' || jobs.parameters || ' ' || artifacts.provenance"
      require("(\(all)) LIKE ? ESCAPE '\\'", [Self.pattern(text)])
    }
    if let since = filter.since { require("artifacts.created_at >= ?", [since.milliseconds]) }
    if let before = filter.before { require("artifacts.created_at < ?", [before.milliseconds]) }
    switch filter.age {
    case .latest: require("artifacts.job_id = maker.newest", [])
    case .superseded: require("artifacts.job_id < maker.newest", [])
    case nil: break
    }
  }

  mutating func require(_ condition: String, _ values: StatementArguments) {
    conditions.append(condition)
    arguments += values
  }

  private mutating func require(_ column: String, oneOf values: [some DatabaseValueConvertible]) {
    guard !values.isEmpty else { return }
    require("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))", StatementArguments(values))
  }

  /// What stands in the text, anywhere.
  private static func pattern(_ text: String) -> String {
    "%" + text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_") + "%"
  }

  private static let source = "CAST(json_extract(jobs.parameters, '$.source') AS TEXT)"

  /// Of jobs that have artifacts: the newest that was asked for the same.
  private static let makers = """
    WITH maker AS MATERIALIZED (
      SELECT id, max(id) OVER (PARTITION BY tenant, step, wish) AS newest FROM (
        SELECT id, tenant, step, \(SchemaTriggers.dedupKey(of: "asked.parameters")) AS wish
        FROM jobs AS asked WHERE id IN (SELECT job_id FROM artifacts)))
    """

  /// What the step said of this file besides, as a JSON array: view and frame.
  private static let detail = """
    (SELECT json_array(json_extract(entry.value, '$.view'), json_extract(entry.value, '$.frame'))
      FROM json_each(CASE json_type(jobs.result, '$.artifacts') WHEN 'array' THEN jobs.result END, '$.artifacts') AS entry
      WHERE entry.type = 'object'
        AND CASE entry.type WHEN 'object' THEN json_extract(entry.value, '$.path') END = artifacts.path LIMIT 1)
    """

  func rows(in db: Database) throws -> [StoredArtifact] {
    let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    return try Row.fetchAll(
      db,
      sql: """
        \(needsAge ? Self.makers : "")
        SELECT artifacts.id, artifacts.job_id, jobs.step, artifacts.tenant, \(Self.source), \(Self.detail),
          artifacts.created_at, artifacts.role, artifacts.path, artifacts.media_type, artifacts.bytes, artifacts.sha256,
          artifacts.derivation_key, artifacts.provenance
        FROM artifacts JOIN jobs ON jobs.id = artifacts.job_id
          \(needsAge ? "JOIN maker ON maker.id = artifacts.job_id" : "")
        \(clause) ORDER BY artifacts.id DESC LIMIT ?
        """, arguments: arguments + [limit ?? -1]
    ).map(StoredArtifact.init(row:))
  }
}

extension StoredArtifact {
  fileprivate init(row: Row) throws {
    let detail = try (row[5] as String?).map { try JSONValue(parsing: $0) }?.arrayValue ?? [.null, .null]
    self.init(
      id: row[0], jobID: row[1], step: StepName(rawValue: row[2]), tenant: row[3], source: row[4],
      view: detail[0].stringValue, frame: detail[1].integerValue, createdAt: Timestamp(milliseconds: row[6]),
      artifact: Artifact(
        role: row[7], path: row[8], mediaType: row[9], bytes: row[10], sha256: row[11], derivationKey: row[12],
        provenance: try JSONValue(parsing: row[13] as String)))
  }
}
