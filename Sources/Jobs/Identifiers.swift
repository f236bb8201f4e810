/// `jobs.id`: positive, never reused.
package typealias JobID = Int64

/// `workers.id`: one per run of a daemon, never reused.
package typealias WorkerID = Int64

/// The name of a step, such as `export_glb`: the value of `jobs.step`, the tag of its log lines, its metric label.
package struct StepName: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { self.rawValue = value }
  package var description: String { rawValue }
}

/// The name of a queue: a pool of slots with its row in `worker_configs`.
package struct QueueName: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { self.rawValue = value }
  package var description: String { rawValue }
}

/// One claim of one job, as a value that may be copied: what a heartbeat, a progress report or a log line names.
/// It gives no right to settle; that is the lease's.
package struct LeaseToken: Hashable, Sendable, Codable, CustomStringConvertible {
  package let jobID: JobID
  /// Grows by one at each claim of the job: a writer with an older fence has lost its lease.
  package let fence: Int64

  package init(jobID: JobID, fence: Int64) {
    self.jobID = jobID
    self.fence = fence
  }

  /// `12-3`: job 12, fence 3. Names attempt directories and tool runs.
  package var description: String { "\(jobID)-\(fence)" }

  /// The inverse of ``description``; `nil` for any other text.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let jobID = JobID(parts[0]), let fence = Int64(parts[1]) else { return nil }
    self.init(jobID: jobID, fence: fence)
  }
}
