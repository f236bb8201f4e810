/// Why a run of a job ended without a result. The raw values stand in `jobs.error`, in events, logs and metrics.
package enum FailureClass: String, Sendable, Hashable, Codable, CaseIterable {
  /// The parameters or the file they name cannot be used; the same input fails again.
  case invalidInput = "invalid_input"
  /// The file that the parameters name is not there or cannot be read.
  case missingInput = "missing_input"
  /// The tool ended with an exit status that means an error of its own.
  case toolFailed = "tool_failed"
  /// The tool died by a signal.
  case toolCrashed = "tool_crashed"
  case outOfMemory = "out_of_memory"
  /// The tool ran longer than its wall-clock or CPU limit.
  case timedOut = "timed_out"
  /// The tool said nothing for longer than its silence limit.
  case stalled
  /// The disk or a quota is full.
  case noSpace = "no_space"
  /// The tool said done, but its output does not pass validation.
  case invalidOutput = "invalid_output"
  /// A job this one depends on failed or was cancelled.
  case dependencyFailed = "dependency_failed"
  /// The program a step needs is not installed here.
  case missingTool = "missing_tool"
  /// The worker drained before the run ended.
  case interrupted
  case cancelled
  /// The worker died while it ran the job.
  case workerDied = "worker_died"
}

/// An error of a run, as it is stored in `jobs.error`.
package struct JobFailure: Error, Sendable, Hashable, Codable {
  package var failureClass: FailureClass
  /// One sentence for a person: which file, what is wrong, what to do next.
  package var message: String
  /// The tool's exit status, when it exited.
  package var exit: Int?
  /// The number of the signal that ended the tool.
  package var signal: Int?
  /// The end of what the tool wrote, a few KiB at most.
  package var logTail: String?

  package init(
    _ failureClass: FailureClass, _ message: String, exit: Int? = nil, signal: Int? = nil, logTail: String? = nil
  ) {
    self.failureClass = failureClass
    self.message = message
    self.exit = exit
    self.signal = signal
    self.logTail = logTail
  }

  private enum CodingKeys: String, CodingKey {
    case failureClass = "class"
    case message, exit, signal
    case logTail = "log_tail"
  }
}
