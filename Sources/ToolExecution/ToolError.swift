package import SystemPackage

/// Why there is no ``ToolReport``. Except for ``notReaped(_:)`` no process of the run is left.
package enum ToolError: Error, Sendable, CustomStringConvertible {
  /// The executable is not there or can't be executed; one sentence.
  case missingTool(FilePath, reason: String)
  /// `stepworks-supervisor` is not there or can't be executed.
  case missingSupervisor(FilePath, reason: String)
  /// The command can't be run as written; one sentence.
  case invalidCommand(String)
  /// The logs can't be written: no such directory, it already holds a run, or no space.
  case logDirectoryUnusable(FilePath, reason: String)
  /// The task was cancelled before the tool was started; nothing ran.
  case cancelledBeforeStart
  /// `onStart` threw this; nothing ran.
  case recordingFailed(any Error)
  /// The kernel refused to execute the tool; nothing ran. One sentence.
  case startFailed(String)
  /// The supervisor failed; one sentence. What it had started is dead.
  case supervisorFailed(String)
  /// The supervisor was killed, and what it left has been killed too.
  case supervisorDied(signal: Int32, ReapProof)
  /// Processes of the run can't be killed now (uninterruptible sleep, foreign owner); try again later.
  case notReaped(ReapProof)

  package var description: String {
    switch self {
    case .missingTool(let path, let reason): "The tool \(path) can't be run: \(reason)."
    case .missingSupervisor(let path, let reason): "The supervisor \(path) can't be run: \(reason)."
    case .invalidCommand(let sentence), .startFailed(let sentence), .supervisorFailed(let sentence): sentence
    case .logDirectoryUnusable(let path, let reason): "The log directory \(path) can't be used: \(reason)."
    case .cancelledBeforeStart: "The run was cancelled before its tool started."
    case .recordingFailed(let error): "The tool was not started because its run could not be recorded: \(error)."
    case .supervisorDied(let signal, let proof):
      "The supervisor was killed by signal \(signal); \(proof.killed.count) processes it left were killed."
    case .notReaped(let proof):
      "Processes \(proof.remaining.map(String.init).joined(separator: ", ")) of run \(proof.runID) can't be killed; "
        + "they may be in uninterruptible sleep. Try again later."
    }
  }
}
