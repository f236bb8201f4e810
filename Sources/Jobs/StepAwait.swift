/// Thrown by a step that needs other jobs done first; costs no attempt.
///
/// The job goes back to `blocked` and holds no slot. When all the jobs it asked for have completed it is run again, from
/// its start: ``StepContext/dependencies()`` then tells their results. When one of them fails or is cancelled, the job
/// fails with `dependency_failed` and that one's own sentence.
package struct StepAwait: Error, Sendable, Hashable {
  /// What to do first, at least one. The tenant is that of the job that asks, whatever the request says; the priority is
  /// that of the job that asks plus the request's, where this is above 0. Equal work that waits or runs already is not
  /// added again: then the job waits for that, and has to look whether it was done on the input that it means.
  package var jobs: [JobRequest]
  /// One sentence: why it can't go on without them.
  package var reason: String

  package init(for jobs: [JobRequest], reason: String) {
    self.jobs = jobs
    self.reason = reason
  }

  /// How many jobs may be asked for at once.
  package static let maximumJobs = 1000
  /// How often a job may ask until an operator retries it. More is a step that never has enough, or one whose source
  /// never rests.
  package static let maximumRounds = 20
  /// How long a line of jobs, each asked for by the one before, may grow. More is a step that asks for itself.
  package static let maximumDepth = 8
}

/// A job that another one waits for or waited for.
package struct DependencyResult: Sendable, Hashable {
  package var jobID: JobID
  package var step: StepName
  package var tenant: String
  package var parameters: JSONValue
  package var state: JobState
  /// How it came to its result; `nil` unless it completed.
  package var outcome: JobOutcome?
  /// 0…1, of its current attempt.
  package var progress: Double?
  /// What its step made, as in `jobs.result`; `nil` unless it completed.
  package var result: JSONValue?
  /// Whether the job that waits asked for it with ``StepAwait``; otherwise its producer said so.
  package var isChild: Bool

  package init(
    jobID: JobID, step: StepName, tenant: String = "default", parameters: JSONValue, state: JobState,
    outcome: JobOutcome? = nil, progress: Double? = nil, result: JSONValue? = nil, isChild: Bool
  ) {
    self.jobID = jobID
    self.step = step
    self.tenant = tenant
    self.parameters = parameters
    self.state = state
    self.outcome = outcome
    self.progress = progress
    self.result = result
    self.isChild = isChild
  }
}
