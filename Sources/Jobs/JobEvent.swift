/// One line of a job's history: a row of `job_events`, append-only.
package struct JobEvent: Sendable, Hashable {
  /// Grows with every event of the database: the place to follow from.
  package var id: Int64
  package var jobID: JobID
  package var at: Timestamp
  package var kind: JobEventKind
  /// The claim it belongs to; `nil` when no claim was involved.
  package var fence: Int64?
  package var workerID: WorkerID?
  /// A JSON object, or `nil` where the kind says it all.
  package var detail: JSONValue?

  package init(
    id: Int64, jobID: JobID, at: Timestamp, kind: JobEventKind, fence: Int64?, workerID: WorkerID?, detail: JSONValue?
  ) {
    self.id = id
    self.jobID = jobID
    self.at = at
    self.kind = kind
    self.fence = fence
    self.workerID = workerID
    self.detail = detail
  }
}

/// The raw values are the values of `job_events.kind`.
package enum JobEventKind: String, Sendable, Hashable, Codable, CaseIterable {
  case enqueued
  /// An insert of the same work was merged into this waiting job.
  case duplicate
  case blocked
  /// The last job it waited for completed.
  case unblocked
  /// Its time came: scheduled → available.
  case promoted
  /// Claimed and started.
  case started
  /// A tool process of the run was started.
  case toolStarted = "tool_started"
  /// A tool ended; the detail says what it cost.
  case toolEnded = "tool_ended"
  /// The step said something that the operator should see.
  case warning
  case completed
  /// An error that is tried again; the detail says when.
  case retryScheduled = "retry_scheduled"
  /// Put off at no cost; the detail says why and until when.
  case snoozed
  /// It asked for other jobs and waits for them; the detail says for which and why.
  case awaiting
  /// Handed back by a draining worker.
  case released
  /// Taken back from a worker that died.
  case rescued
  case failed
  case cancelRequested = "cancel_requested"
  case cancelled
  /// An operator set a final job going again.
  case retried
}
