import GRDB
import Jobs

/// The columns of `jobs` that make a ``Job``, in the order in which ``Job/init(row:)`` reads them.
enum JobRow {
  static let columns = """
    id, step, queue, parameters, state, outcome, priority, tenant, dedup_key, attempt, max_attempts, crashes, \
    max_crashes, fence, worker_id, cancel_requested_at, progress, progress_message, error, result, created_at, run_at, \
    available_at, started_at, finished_at, parent_id
    """
}

extension Job {
  /// - Throws: ``QueueError/unreadable(path:reason:)`` when the row holds a word this binary does not know.
  init(row: Row) throws {
    let id: Int64 = row[0]
    guard let state = JobState(rawValue: row[4]) else {
      throw QueueError.unreadable(path: "job \(id)", reason: "its state is unknown to this version")
    }
    let parameters: String = row[3]
    let error: String? = row[18]
    let result: String? = row[19]
    self.init(
      id: id, step: StepName(rawValue: row[1]), queue: QueueName(rawValue: row[2]),
      parameters: try JSONValue(parsing: parameters), state: state,
      outcome: (row[5] as String?).flatMap(JobOutcome.init(rawValue:)), priority: row[6], tenant: row[7],
      dedupKey: row[8], parentID: row[25], attempt: row[9], maxAttempts: row[10], crashes: row[11], maxCrashes: row[12],
      fence: row[13],
      workerID: row[14], cancelRequestedAt: Timestamp(row[15]), progress: row[16], progressMessage: row[17],
      error: try error.map(JobFailure.init(json:)), result: try result.map { try JSONValue(parsing: $0) },
      createdAt: Timestamp(milliseconds: row[20]), runAt: Timestamp(row[21]), availableAt: Timestamp(row[22]),
      startedAt: Timestamp(row[23]), finishedAt: Timestamp(row[24]))
  }
}

extension Timestamp {
  fileprivate init?(_ milliseconds: Int64?) {
    guard let milliseconds else { return nil }
    self.init(milliseconds: milliseconds)
  }
}

extension JobFailure {
  /// Reads `jobs.error`; a text of another shape is kept as the message.
  init(json: String) throws {
    let value = try JSONValue(parsing: json)
    self.init(
      value["class"]?.stringValue.flatMap(FailureClass.init(rawValue:)) ?? .toolFailed,
      value["message"]?.stringValue ?? json, exit: value["exit"]?.integerValue.map(Int.init),
      signal: value["signal"]?.integerValue.map(Int.init), logTail: value["log_tail"]?.stringValue)
  }

  /// What stands in `jobs.error`.
  var json: String {
    var members: [String: JSONValue] = ["class": .string(failureClass.rawValue), "message": .string(message)]
    if let exit { members["exit"] = .integer(Int64(exit)) }
    if let signal { members["signal"] = .integer(Int64(signal)) }
    if let logTail { members["log_tail"] = .string(logTail) }
    return JSONValue.object(members).text
  }
}

extension Database {
  /// Runs a statement that is prepared once per connection: 30–100 µs less than preparing it each time.
  func run(_ sql: String, _ arguments: StatementArguments = []) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// The first row of a statement that is prepared once per connection, read in place: `Row.fetchOne` copies each column.
  func first<T>(_ sql: String, _ arguments: StatementArguments, _ read: (Row) throws -> T) throws -> T? {
    let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
    guard let value = try rows.next().map({ row in Result { try read(row) } }) else { return nil }
    while try rows.next() != nil {}  // what writes and returns is done only at its end
    return try value.get()
  }
}
