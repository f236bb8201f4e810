/// Sees everything a worker does: metrics, logs and tests. Called on the worker's path, so it must not block.
package protocol JobObserver: Sendable {
  func observe(_ observation: WorkerObservation)
}

/// One thing that happened in a worker.
package enum WorkerObservation: Sendable {
  /// A claimed job starts. `wait`: since it became available.
  case jobStarted(Job, wait: Duration)
  case jobReported(Job, StepReport)
  /// The job is settled.
  case jobSettled(Job, SettlementKind, timings: RunTimings)
  /// The job completed with files that this run has made.
  case artifactsPublished(Job, [Artifact])
  /// A claim found jobs.
  case claimed(ClaimReport)
  /// Somebody else has the job now; what this run did is thrown away.
  case leaseLost(Job)
  /// Jobs of a dead worker were taken back: how many, by what became of them.
  case jobsRescued([RunOutcome: Int], from: WorkerID)
  /// A cancellation, by request, drain or loss of the lease, reached a running job.
  case jobStopping(Job, reason: String)
  /// How many jobs run in each queue here.
  case slots([QueueName: Int])
  /// The worker itself: started, draining, stopped.
  case worker(String, [String: String])
  /// What an operator wants to find in the log; one line, as it is.
  case note(String)
  /// Something is wrong that the worker survives; one sentence.
  case trouble(String)
}

/// What became of a job when its run ended.
package enum SettlementKind: Sendable, Hashable {
  case completed(JobOutcome)
  case retryScheduled(JobFailure, delay: Duration)
  case snoozed(reason: String, delay: Duration)
  /// Blocked until these jobs, which it asked for, are done.
  case awaiting([JobID], reason: String)
  case released
  case failed(JobFailure)
  case cancelled

  /// How the run ended, with what a completed job says of it.
  package var outcome: RunOutcome {
    switch self {
    case .completed(.done): .done
    case .completed(.cached): .cached
    case .completed(.skipped): .skipped
    case .retryScheduled: .retryScheduled
    case .snoozed: .snoozed
    case .awaiting: .awaiting
    case .released: .released
    case .failed: .failed
    case .cancelled: .cancelled
    }
  }

  /// A bounded word for labels: `completed`, `retry_scheduled`, ….
  package var label: String {
    switch self {
    case .completed: "completed"
    case .retryScheduled: "retry_scheduled"
    case .snoozed: "snoozed"
    case .awaiting: "awaiting"
    case .released: "released"
    case .failed: "failed"
    case .cancelled: "cancelled"
    }
  }
}

/// Passes each observation on to several.
package struct ObserverGroup: JobObserver {
  private let members: [any JobObserver]

  package init(_ members: [any JobObserver]) { self.members = members }

  package func observe(_ observation: WorkerObservation) {
    for member in members { member.observe(observation) }
  }
}
