import GRDB
package import Jobs

/// A step as a daemon published it: a row of `steps`.
package struct PublishedStep: Sendable, Hashable {
  package var name: StepName
  package var version: Int
  package var queue: QueueName
  package var summary: String
  package var parameters: ParameterSchema
  package var maxAttempts: Int
  package var tools: [String]
}

extension JobQueue {
  /// In the order of their names.
  package func publishedSteps() async throws -> [PublishedStep] {
    try await read { db in
      try Row.fetchAll(
        db, sql: "SELECT name, version, queue, summary, parameter_schema, max_attempts, tools FROM steps ORDER BY name"
      ).map { row in
        PublishedStep(
          name: StepName(rawValue: row[0]), version: row[1], queue: QueueName(rawValue: row[2]), summary: row[3],
          parameters: ParameterSchema(jsonSchema: try JSONValue(parsing: row[4] as String)), maxAttempts: row[5],
          tools: try JSONValue(parsing: row[6] as String).arrayValue?.compactMap(\.stringValue) ?? [])
      }
    }
  }

  /// How many workers that can run `step` and serve `queue` showed a sign of life since `since`.
  package func workerCount(for step: StepName, in queue: QueueName, since: Timestamp) async throws -> Int {
    try await read { db in
      try Int.fetchOne(
        db,
        sql: """
          SELECT count(*) FROM workers
          WHERE state = 'running' AND heartbeat_at >= ?
            AND EXISTS (SELECT 1 FROM json_each(workers.steps) WHERE value = ?)
            AND (queues IS NULL OR EXISTS (SELECT 1 FROM json_each(workers.queues) WHERE value = ?))
          """, arguments: [since.milliseconds, step.rawValue, queue.rawValue]) ?? 0
    }
  }
}

extension ParameterSchema {
  /// The inverse of ``jsonSchema``. What a newer version may say beyond that is let through: the database and the
  /// worker check again.
  init(jsonSchema: JSONValue) {
    let required = Set(jsonSchema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    let properties = jsonSchema["properties"]?.objectValue ?? [:]
    self.init(
      properties.sorted { $0.key < $1.key }.compactMap { name, property in
        guard let kind = Parameter.Kind(jsonSchema: property) else { return nil }
        return Parameter(
          name, kind, property["description"]?.stringValue ?? "", required: required.contains(name),
          default: property["default"])
      },
      allowsOthers: jsonSchema["additionalProperties"]?.boolValue ?? true)
  }
}

extension Parameter.Kind {
  private static func count(_ lower: JSONValue?, _ upper: JSONValue?) -> ClosedRange<Int> {
    let lower = Int(clamping: lower?.integerValue ?? 0)
    return lower...max(lower, Int(clamping: upper?.integerValue ?? .max))
  }

  fileprivate init?(jsonSchema: JSONValue) {
    switch jsonSchema["type"]?.stringValue {
    case "string":
      let names = jsonSchema["enum"]?.arrayValue?.compactMap(\.stringValue)
      self = names.map { .choice($0) } ?? .string
    case "boolean":
      self = .boolean
    case "integer":
      let lower = jsonSchema["minimum"]?.integerValue ?? .min
      self = .integer(lower...max(lower, jsonSchema["maximum"]?.integerValue ?? .max))
    case "number":
      let lower = jsonSchema["minimum"]?.numberValue ?? -.infinity
      self = .number(lower...max(lower, jsonSchema["maximum"]?.numberValue ?? .infinity))
    case "array":
      let names = jsonSchema["items"]?["enum"]?.arrayValue?.compactMap(\.stringValue)
      self = .list(of: names, count: Self.count(jsonSchema["minItems"], jsonSchema["maxItems"]))
    case "object":
      self = .map(count: Self.count(jsonSchema["minProperties"], jsonSchema["maxProperties"]))
    default:
      return nil
    }
  }
}
