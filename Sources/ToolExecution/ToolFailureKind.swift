/// The classes of failure that a tool can cause. The raw values are those of `jobs.error`, events and metrics.
package enum ToolFailureKind: String, Sendable, Hashable, Codable, CaseIterable {
  case invalidInput = "invalid_input"
  case missingInput = "missing_input"
  case toolFailed = "tool_failed"
  case toolCrashed = "tool_crashed"
  case outOfMemory = "out_of_memory"
  case timedOut = "timed_out"
  case stalled
  case noSpace = "no_space"
  case invalidOutput = "invalid_output"
  case missingTool = "missing_tool"
  case interrupted
  case cancelled
  case workerDied = "worker_died"
}

/// A run without a usable end, as a class and a sentence.
package struct ToolFailure: Error, Sendable, Hashable {
  package var kind: ToolFailureKind
  /// One sentence for a person; the tool's own where it gave one.
  package var sentence: String
  /// The tool's exit status, when it exited.
  package var exit: Int32?
  /// The number of the signal that ended the tool.
  package var signal: Int32?
  /// The tool asks to be run again later (exit 75); nothing is wrong with the job.
  package var asksForLater: Bool
  /// The end of what the tool wrote, 4 KiB at most.
  package var logTail: String

  package init(
    kind: ToolFailureKind, sentence: String, exit: Int32? = nil, signal: Int32? = nil, asksForLater: Bool = false,
    logTail: String = ""
  ) {
    self.kind = kind
    self.sentence = sentence
    self.exit = exit
    self.signal = signal
    self.asksForLater = asksForLater
    self.logTail = logTail
  }
}
