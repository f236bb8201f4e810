/// One row of `jobs`: one step to be run on one set of parameters.
package struct Job: Sendable, Hashable {
  package var id: JobID
  package var step: StepName
  package var queue: QueueName
  /// The step's input, a JSON object.
  package var parameters: JSONValue
  package var state: JobState
  /// How a completed job came to its result; `nil` in every other state.
  package var outcome: JobOutcome?
  /// Higher runs first; equal priorities run in the order of their ids. −1000…1000.
  package var priority: Int
  package var tenant: String
  package var dedupKey: String?
  /// The job that asked for this one while it ran; `nil` when a producer did.
  package var parentID: JobID?
  /// Which attempt runs, or ran last; 0 before the first. Hand-backs and crashes do not count.
  package var attempt: Int
  package var maxAttempts: Int
  /// Runs that ended because a process died: the tool by a signal, or the worker.
  package var crashes: Int
  package var maxCrashes: Int
  package var fence: Int64
  package var workerID: WorkerID?
  package var cancelRequestedAt: Timestamp?
  /// 0…1, of the current attempt.
  package var progress: Double?
  package var progressMessage: String?
  package var error: JobFailure?
  package var result: JSONValue?
  package var createdAt: Timestamp
  /// The earliest time it may run.
  package var runAt: Timestamp?
  /// When it last became available.
  package var availableAt: Timestamp?
  package var startedAt: Timestamp?
  package var finishedAt: Timestamp?

  package init(
    id: JobID, step: StepName, queue: QueueName, parameters: JSONValue, state: JobState, outcome: JobOutcome? = nil,
    priority: Int = 0, tenant: String = "default", dedupKey: String? = nil, parentID: JobID? = nil, attempt: Int = 0,
    maxAttempts: Int, crashes: Int = 0, maxCrashes: Int, fence: Int64 = 0, workerID: WorkerID? = nil,
    cancelRequestedAt: Timestamp? = nil, progress: Double? = nil, progressMessage: String? = nil,
    error: JobFailure? = nil, result: JSONValue? = nil, createdAt: Timestamp, runAt: Timestamp? = nil,
    availableAt: Timestamp? = nil, startedAt: Timestamp? = nil, finishedAt: Timestamp? = nil
  ) {
    self.id = id
    self.step = step
    self.queue = queue
    self.parameters = parameters
    self.state = state
    self.outcome = outcome
    self.priority = priority
    self.tenant = tenant
    self.dedupKey = dedupKey
    self.parentID = parentID
    self.attempt = attempt
    self.maxAttempts = maxAttempts
    self.crashes = crashes
    self.maxCrashes = maxCrashes
    self.fence = fence
    self.workerID = workerID
    self.cancelRequestedAt = cancelRequestedAt
    self.progress = progress
    self.progressMessage = progressMessage
    self.error = error
    self.result = result
    self.createdAt = createdAt
    self.runAt = runAt
    self.availableAt = availableAt
    self.startedAt = startedAt
    self.finishedAt = finishedAt
  }

  package var token: LeaseToken { LeaseToken(jobID: id, fence: fence) }
}

/// What a producer asks for. `nil` means the step's default.
package struct JobRequest: Sendable, Hashable {
  package var step: StepName
  package var parameters: JSONValue
  package var queue: QueueName?
  package var priority: Int?
  package var runAt: Timestamp?
  package var maxAttempts: Int?
  package var maxCrashes: Int?
  /// Waiting jobs with equal keys are one job. `nil`: by the step's rule.
  package var dedupKey: String?
  package var tenant: String
  /// Jobs that must complete first.
  package var dependsOn: [JobID]

  package init(
    step: StepName, parameters: JSONValue = .object([:]), queue: QueueName? = nil, priority: Int? = nil,
    runAt: Timestamp? = nil, maxAttempts: Int? = nil, maxCrashes: Int? = nil, dedupKey: String? = nil,
    tenant: String = "default", dependsOn: [JobID] = []
  ) {
    self.step = step
    self.parameters = parameters
    self.queue = queue
    self.priority = priority
    self.runAt = runAt
    self.maxAttempts = maxAttempts
    self.maxCrashes = maxCrashes
    self.dedupKey = dedupKey
    self.tenant = tenant
    self.dependsOn = dependsOn
  }
}
