import GRDB
package import Jobs

extension JobQueue {
  /// Runs of the last hours say most; of a step that had none, those of the last month.
  private static let recent = Duration.seconds(6 * 3600)
  private static let past = Duration.seconds(31 * 86400)
  /// A worker without a sign of life for this long serves nothing.
  private static let workerSilence = Duration.seconds(60)

  /// How long runs took lately. Reading it takes longer than the rest of a forecast, and it changes slowly: keep it for
  /// some seconds where forecasts are made again and again.
  package func runHistory() async throws -> RunHistory {
    let now = clock.now()
    func history(_ last: Duration) async throws -> RunHistory {
      RunHistory(
        try await latencies(
          LatencyFilter(phases: [.run], since: now.advanced(by: .zero - last), until: now.advanced(by: .seconds(1))),
          skippingDamaged: true
        ).distributions)
    }
    let recent = try await history(Self.recent)
    let steps = try await publishedSteps().map(\.name)
    if steps.allSatisfy({ recent.work(of: $0) != nil }) { return recent }
    return recent.completed(by: try await history(Self.past))
  }

  /// When the queues will be empty, and when these jobs will be over.
  /// - Parameters:
  ///   - jobs: of final ones nothing is said.
  ///   - history: what ``runHistory()`` gave; `nil`: reads it.
  package func forecast(for jobs: [Job] = [], history: RunHistory? = nil) async throws -> Forecast {
    let known: RunHistory
    if let history { known = history } else { known = try await runHistory() }
    let now = clock.now()
    return try await read { db in
      let reading = ForecastReading(db: db, now: now, workerSilence: Self.workerSilence)
      let queues = try reading.queues()
      let wanted = jobs.filter { !$0.state.isFinal }.map(\.id) + queues.values.compactMap(\.lastBlocked)
      return Forecast(history: known, queues: queues, places: try reading.places(of: wanted))
    }
  }
}

/// Reads what a forecast is made from, in one transaction.
private struct ForecastReading {
  let db: Database
  let now: Timestamp
  let workerSilence: Duration

  /// Of a job that waits for more nothing is said: it would take seconds.
  private static let mostPlaces = 10_000

  func queues() throws -> [QueueName: Forecast.Queue] {
    var queues: [QueueName: Forecast.Queue] = [:]
    let configs = try Row.fetchCursor(
      db,
      sql: """
        SELECT queue_name, CASE paused WHEN 0 THEN max_concurrency ELSE 0 END,
          max_per_tenant IS NOT NULL OR max_starts_per_minute IS NOT NULL
        FROM worker_configs
        """)
    let workers = try workers()
    while let row = try configs.next() {
      let name = QueueName(rawValue: row[0])
      let served = workers.filter { $0.queues?.contains(name) ?? true }.reduce(into: Set()) { $0.formUnion($1.steps) }
      queues[name] = Forecast.Queue(slots: served.isEmpty ? 0 : row[1], isThrottled: row[2], served: served)
    }
    let running = try Row.fetchCursor(
      db, sql: "SELECT queue, step, started_at, progress FROM jobs WHERE state = 'running'")
    while let row = try running.next() {
      queues[QueueName(rawValue: row[0])]?.running.append(self.running(row[1], row[2], row[3]))
    }
    let waiting = try Row.fetchCursor(
      db,
      sql: """
        SELECT queue, step, count(*) FROM jobs WHERE state = 'available' AND queue IS NOT NULL GROUP BY queue, step
        """)
    while let row = try waiting.next() {
      queues[QueueName(rawValue: row[0])]?.waiting[StepName(rawValue: row[1])] = row[2]
    }
    let blocked = try Row.fetchCursor(
      db, sql: "SELECT queue, step, count(*) FROM jobs WHERE state = 'blocked' GROUP BY queue, step")
    while let row = try blocked.next() {
      queues[QueueName(rawValue: row[0])]?.blocked[StepName(rawValue: row[1])] = row[2]
    }
    for (name, queue) in queues where !queue.blocked.isEmpty {
      queues[name]?.lastBlocked = try JobID.fetchOne(
        db, sql: "SELECT id FROM jobs WHERE state = 'blocked' AND queue = ? ORDER BY priority, id DESC LIMIT 1",
        arguments: [name.rawValue])
    }
    return queues
  }

  /// The steps and queues of those that live; no queues: every one.
  private func workers() throws -> [(steps: Set<StepName>, queues: Set<QueueName>?)] {
    func words(_ json: String) -> [String] {
      (try? JSONValue(parsing: json))?.arrayValue?.compactMap(\.stringValue) ?? []
    }
    return try Row.fetchAll(
      db, sql: "SELECT steps, queues FROM workers WHERE state = 'running' AND heartbeat_at >= ?",
      arguments: [now.advanced(by: .zero - workerSilence).milliseconds]
    ).map { row in
      let queues: String? = row[1]
      return (
        Set(words(row[0]).map(StepName.init(rawValue:))), queues.map { Set(words($0).map(QueueName.init(rawValue:))) }
      )
    }
  }

  /// Of the jobs and of all that those that are blocked wait for.
  func places(of jobs: [JobID]) throws -> [JobID: Forecast.Place] {
    var places: [JobID: Forecast.Place] = [:]
    var lines: [Lines: [Line]] = [:]
    var wanted = jobs
    while !wanted.isEmpty, places.count < Self.mostPlaces {
      var next: Set<JobID> = []
      for id in wanted where places[id] == nil {
        guard let (place, priority) = try place(of: id) else { continue }
        places[id] = place
        let line = Line(priority: priority, id: id)
        switch place.standing {
        case .running: break
        case .available, .scheduled: lines[Lines(queue: place.queue, states: [.available]), default: []].append(line)
        case .blocked(let others):
          lines[Lines(queue: place.queue, states: [.available, .blocked]), default: []].append(line)
          next.formUnion(others)
        }
      }
      wanted = next.sorted()
    }
    for (others, line) in lines {
      for (id, counts) in try ahead(of: line, among: others) { places[id]?.ahead = counts }
    }
    return places
  }

  /// - Returns: its place, without those before it, and its priority.
  private func place(of id: JobID) throws -> (Forecast.Place, priority: Int)? {
    try db.first(
      "SELECT step, queue, state, priority, started_at, progress, run_at FROM jobs WHERE id = ?", [id]
    ) { row in
      guard let state = JobState(rawValue: row[2]) else { return nil }
      let standing: Forecast.Place.Standing
      switch state {
      case .running: standing = .running(running(row[0], row[4], row[5]))
      case .available: standing = .available
      case .scheduled:
        let runAt: Int64? = row[6]
        standing = .scheduled(after: now.duration(to: runAt.map(Timestamp.init(milliseconds:)) ?? now))
      case .blocked: standing = .blocked(by: try blockers(of: id))
      case .completed, .failed, .cancelled: return nil
      }
      return (
        Forecast.Place(step: StepName(rawValue: row[0]), queue: QueueName(rawValue: row[1]), standing: standing),
        priority: row[3]
      )
    }.flatMap(\.self)
  }

  private func running(_ step: String, _ startedAt: Int64?, _ progress: Double?) -> Forecast.Running {
    let elapsed = startedAt.map { max(.zero, Timestamp(milliseconds: $0).duration(to: now)) } ?? .zero
    return Forecast.Running(step: StepName(rawValue: step), elapsed: elapsed, progress: progress)
  }

  /// Where a job stands in its queue: who is claimed earlier is less.
  private struct Line: Comparable {
    let priority: Int
    let id: JobID

    static func < (left: Line, right: Line) -> Bool {
      left.priority == right.priority ? left.id < right.id : left.priority > right.priority
    }
  }

  /// The jobs of a queue that a job has to be compared with.
  private struct Lines: Hashable {
    let queue: QueueName
    let states: [JobState]
  }

  /// How many of each step are before each of these: one walk over the queue, however many are asked about.
  private func ahead(of jobs: [Line], among others: Lines) throws -> [JobID: [StepName: Int]] {
    let line = jobs.sorted()
    // At each place: how many of each step stand between it and the one before.
    var between: [StepName: [Int]] = [:]
    for state in others.states {
      let rows = try Row.fetchCursor(
        db.cachedStatement(
          sql: """
            SELECT step, priority, id FROM jobs WHERE state = '\(state.rawValue)' AND queue IS NOT NULL AND queue = ?
            """), arguments: [others.queue.rawValue])
      while let row = try rows.next() {
        let other = Line(priority: row[1], id: row[2])
        var (low, high) = (0, line.count)
        while low < high {
          let middle = (low + high) / 2
          if other < line[middle] { high = middle } else { low = middle + 1 }
        }
        between[StepName(rawValue: row[0]), default: Array(repeating: 0, count: line.count + 1)][low] += 1
      }
    }
    var ahead: [JobID: [StepName: Int]] = [:]
    for (step, counts) in between {
      var count = 0
      for (index, place) in line.enumerated() {
        count += counts[index]
        // One that is in the line stands after itself.
        if count > 0 { ahead[place.id, default: [:]][step] = count }
      }
    }
    return ahead
  }

  private func blockers(of id: JobID) throws -> [JobID] {
    try JobID.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT depends_on FROM job_dependencies JOIN jobs ON jobs.id = depends_on
          WHERE job_id = ? AND state NOT IN ('completed', 'failed', 'cancelled')
          UNION SELECT maker_id FROM derivation_waits WHERE job_id = ?
          """), arguments: [id, id])
  }
}
