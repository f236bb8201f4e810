import GRDB
package import Jobs

/// What a run writes about itself while it runs. Each is fenced: a run that lost its lease writes nothing.
extension JobQueue {
  /// Records a process before it runs anything.
  /// - Returns: `false` when the lease is lost; then the tool must not start.
  package func recordToolStart(_ process: ToolProcessRecord, of token: LeaseToken, by workerID: WorkerID) async throws
    -> Bool
  {
    let now = clock.now().milliseconds
    return try await lane.write { db in
      try db.run(
        """
        INSERT INTO tool_processes (job_id, fence, worker_id, tool, run_id, pid, start_ticks, boot_id, started_at)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (
          SELECT 1 FROM jobs WHERE id = ? AND fence = ? AND state = 'running')
        """,
        [
          token.jobID, token.fence, workerID, process.tool, process.runID, process.pid,
          Int64(bitPattern: process.startTicks), process.bootID, now, token.jobID, token.fence,
        ])
      guard db.changesCount == 1 else { return false }
      try Self.logEvent(
        .toolStarted, of: token, by: workerID, at: now,
        ["tool": .string(process.tool), "pid": .integer(Int64(process.pid))], in: db)
      return true
    }
  }

  package func recordToolEnd(_ usage: ToolUsage, of token: LeaseToken, by workerID: WorkerID) async throws {
    let now = clock.now().milliseconds
    var detail: [String: JSONValue] = [
      "tool": .string(usage.tool), "wall_seconds": .number(usage.wallSeconds),
      "cpu_seconds": .number(usage.cpuSeconds), "peak_memory_bytes": .integer(usage.peakMemoryBytes),
    ]
    if let exit = usage.exit { detail["exit"] = .integer(Int64(exit)) }
    if let signal = usage.signal { detail["signal"] = .integer(Int64(signal)) }
    try await lane.write { [detail] db in
      try db.run("DELETE FROM tool_processes WHERE job_id = ? AND fence = ?", [token.jobID, token.fence])
      try Self.logEvent(.toolEnded, of: token, by: workerID, at: now, detail, in: db)
    }
  }

  /// - Returns: `false` when the lease is lost.
  @discardableResult
  package func recordProgress(_ fraction: Double, _ message: String?, of token: LeaseToken) async throws -> Bool {
    try await lane.write { db in
      try db.run(
        "UPDATE jobs SET progress = ?, progress_message = ? WHERE id = ? AND fence = ? AND state = 'running'",
        [fraction, message, token.jobID, token.fence])
      return db.changesCount == 1
    }
  }

  package func recordWarning(_ message: String, of token: LeaseToken, by workerID: WorkerID) async throws {
    let now = clock.now().milliseconds
    try await lane.write { db in
      try Self.logEvent(.warning, of: token, by: workerID, at: now, ["message": .string(message)], in: db)
    }
  }

  private static func logEvent(
    _ kind: JobEventKind, of token: LeaseToken, by workerID: WorkerID, at now: Int64, _ detail: [String: JSONValue],
    in db: Database
  ) throws {
    try db.run(
      "INSERT INTO job_events (job_id, at, kind, fence, worker_id, detail) VALUES (?, ?, ?, ?, ?, ?)",
      [token.jobID, now, kind.rawValue, token.fence, workerID, JSONValue.object(detail).text])
  }
}
