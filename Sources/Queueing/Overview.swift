import GRDB
package import Jobs

/// What is going on in a database, all of one moment.
package struct QueueOverview: Sendable, Hashable {
  package var queues: [QueueStatus]
  /// Those that have not ended, by their rows.
  package var workers: [WorkerStatus]
  /// The running jobs, the earliest start first, and the jobs that wait for one of them because they asked for it.
  package var underWay: [Job]
  /// Who asked for a job of ``underWay`` and waits for it.
  package var parents: [JobID: [JobID]]
  package var tools: [JobID: [RunningTool]]
}

/// A worker as its row says, and whether it lives, as the kernel says.
package struct WorkerStatus: Sendable, Hashable {
  package var id: WorkerID
  package var host: String
  package var pid: Int32
  package var version: String
  package var isDraining: Bool
  /// It takes jobs of these queues; `nil`: of every one.
  package var queues: [QueueName]?
  /// Whether its process has its lock. One that has not is rescued by another worker within seconds, if there is one.
  package var isAlive: Bool
  /// Where `/healthz` and `/metrics` answer.
  package var statusAddress: String?
  package var startedAt: Timestamp
  package var heartbeatAt: Timestamp
  package var running: Int

  /// Whether it lives and takes new jobs of this queue, if it knows their steps.
  package func serves(_ queue: QueueName) -> Bool {
    isAlive && !isDraining && (queues?.contains(queue) ?? true)
  }
}

/// A row of `tool_processes`: the supervisor of a run, which all its processes descend from.
package struct RunningTool: Sendable, Hashable {
  package var tool: String
  package var pid: Int32
  /// Field 22 of `/proc/PID/stat`: with the boot it tells this process from a later one of the same pid.
  package var startTicks: UInt64
  package var bootID: String
}

extension JobQueue {
  /// - Parameter limit: how many running jobs are read at most.
  package func overview(limit: Int) async throws -> QueueOverview {
    let lockDirectory = lockDirectory
    return try await read { db in
      let running = try Self.jobs(
        where: "state = 'running' ORDER BY started_at, id LIMIT ?", arguments: [limit], in: db)
      let parents = try Self.waitingParents(ofAll: running.map(\.id), in: db)
      let ids = Set(parents.values.joined())
      return QueueOverview(
        queues: try Self.queues(in: db), workers: try Self.workers(in: db, lockDirectory),
        underWay: try running + Self.jobs(ids, in: db), parents: parents,
        tools: try Self.runningTools(in: db))
    }
  }

  /// Those of these jobs that there are, in the order of their ids.
  package func jobs(_ ids: Set<JobID>) async throws -> [Job] { try await read { try Self.jobs(ids, in: $0) } }

  private static func jobs(_ ids: Set<JobID>, in db: Database) throws -> [Job] {
    if ids.isEmpty { return [] }
    return try jobs(
      where: "id IN (SELECT value FROM json_each(?)) ORDER BY id", arguments: [Self.list(ids)], in: db)
  }

  private static func jobs(where clause: String, arguments: StatementArguments, in db: Database) throws -> [Job] {
    try Row.fetchAll(
      db.cachedStatement(sql: "SELECT \(JobRow.columns) FROM jobs WHERE \(clause)"), arguments: arguments
    ).map(Job.init(row:))
  }

  /// However long the line: who asked for a job that itself was asked for is there too.
  private static func waitingParents(ofAll jobs: [JobID], in db: Database) throws -> [JobID: [JobID]] {
    if jobs.isEmpty { return [:] }
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          WITH RECURSIVE line (child, parent) AS (
            SELECT depends_on, job_id FROM json_each(?) AS given
              JOIN job_dependencies ON depends_on = given.value AND is_child
            UNION SELECT link.depends_on, link.job_id FROM line
              JOIN job_dependencies AS link ON link.depends_on = line.parent AND link.is_child)
          SELECT child, parent FROM line JOIN jobs ON jobs.id = parent WHERE jobs.state = 'blocked' ORDER BY 1, 2
          """), arguments: [list(jobs)])
    return rows.reduce(into: [:]) { parents, row in parents[row[0], default: []].append(row[1]) }
  }

  private static func workers(in db: Database, _ lockDirectory: String) throws -> [WorkerStatus] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT id, host, pid, boot_id, lock_name, version, state, status_address, started_at, heartbeat_at,
            (SELECT count(*) FROM jobs WHERE state = 'running' AND worker_id = workers.id),
            queues
          FROM workers WHERE state IN ('running', 'draining') ORDER BY id
          """)
    ).map { row in
      let queues = try (row[11] as String?).map { try JSONValue(parsing: $0).arrayValue ?? [] }
      return WorkerStatus(
        id: row[0], host: row[1], pid: row[2], version: row[5], isDraining: row[6] == "draining",
        queues: queues?.compactMap { $0.stringValue.map(QueueName.init(rawValue:)) },
        isAlive: WorkerLock.isHeld(name: row[4], in: lockDirectory, pid: row[2], bootID: row[3]),
        statusAddress: row[7], startedAt: Timestamp(milliseconds: row[8]),
        heartbeatAt: Timestamp(milliseconds: row[9]), running: row[10])
    }
  }

  private static func runningTools(in db: Database) throws -> [JobID: [RunningTool]] {
    try Row.fetchAll(
      db.cachedStatement(sql: "SELECT job_id, tool, pid, start_ticks, boot_id FROM tool_processes ORDER BY id")
    ).reduce(into: [:]) { tools, row in
      tools[row[0], default: []].append(
        RunningTool(
          tool: row[1], pid: row[2], startTicks: UInt64(bitPattern: row[3] as Int64), bootID: row[4]))
    }
  }

  private static func list(_ ids: some Sequence<JobID>) -> String {
    JSONValue.array(ids.map { .integer($0) }).text
  }
}
