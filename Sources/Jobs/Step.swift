/// A named unit of work that a job runs: `export_glb`, `extract_metadata`, …
///
/// One file and one line in the catalog make a step. A step sees its job and its parameters, never a row: it can't
/// touch the queue.
package protocol Step: Sendable {
  var definition: StepDefinition { get }

  /// Runs one attempt.
  ///
  /// Throw ``JobFailure`` when the run ended without a result, ``StepSnooze`` to be run again later at no cost,
  /// ``StepAwait`` to be run again when other jobs are done. The task is cancelled when the job is cancelled, its lease
  /// is lost, or the worker drains: end every tool, then throw `CancellationError`.
  func run(_ context: StepContext) async throws -> StepResult
}

/// What is known of a step without running it: a row of `steps`.
package struct StepDefinition: Sendable {
  package var name: StepName
  /// One up whenever the same input and parameters may give another result.
  package var version: Int
  /// The queue its jobs wait in unless the producer says otherwise.
  package var queue: QueueName
  /// One sentence for help texts.
  package var summary: String
  package var parameters: ParameterSchema
  package var dedup: DedupRule
  package var maxAttempts: Int
  /// How many runs may end by the death of a process before the job is failed.
  package var maxCrashes: Int
  package var retry: RetryPolicy
  /// The programs it needs, by name.
  package var tools: [String]

  package init(
    name: StepName, version: Int, queue: QueueName, summary: String, parameters: ParameterSchema,
    dedup: DedupRule = .parameters, maxAttempts: Int = 3, maxCrashes: Int = 2, retry: RetryPolicy = .standard,
    tools: [String] = []
  ) {
    self.name = name
    self.version = version
    self.queue = queue
    self.summary = summary
    self.parameters = parameters
    self.dedup = dedup
    self.maxAttempts = maxAttempts
    self.maxCrashes = maxCrashes
    self.retry = retry
    self.tools = tools
  }
}

/// When two waiting jobs are the same job.
package enum DedupRule: String, Sendable, Codable {
  /// Same step, tenant and parameters.
  case parameters
  /// Never, unless the producer gives a `dedup_key`.
  case none
}

/// What a run of a step gave.
package struct StepResult: Sendable, Hashable {
  package var outcome: JobOutcome
  /// A JSON object, stored in `jobs.result`.
  package var result: JSONValue
  /// Files already renamed into the store; their rows are written with the settlement.
  package var artifacts: [Artifact]

  package init(outcome: JobOutcome = .done, result: JSONValue = .object([:]), artifacts: [Artifact] = []) {
    self.outcome = outcome
    self.result = result
    self.artifacts = artifacts
  }
}

/// Thrown by a step that can't run now but may later; costs no attempt.
package struct StepSnooze: Error, Sendable, Hashable {
  package var delay: Duration
  /// One sentence: what it waits for.
  package var reason: String

  package init(for delay: Duration, reason: String) {
    self.delay = delay
    self.reason = reason
  }
}
