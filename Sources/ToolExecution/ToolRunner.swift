package import SystemPackage

/// Runs tools, each under a `stepworks-supervisor` of its own.
package struct ToolRunner: Sendable {
  package let supervisor: FilePath

  /// - Parameter supervisor: the path of `stepworks-supervisor`.
  package init(supervisor: FilePath) {
    self.supervisor = supervisor
  }

  /// Runs a tool to its end and returns only when no process of it is left, descendants included.
  ///
  /// Cancelling the task sends the tool SIGTERM, and SIGKILL after the grace; the report then says
  /// ``ToolStopReason/terminated``, so cancellation is not an error here.
  ///
  /// - Parameters:
  ///   - runID: never used before.
  ///   - logDirectory: an existing directory that holds no other run. Gets `messages.jsonl` (protocol lines),
  ///     `tool.log` and `tool.log.1` (all other output) and at last `exit.json`.
  ///   - onStart: called before the tool starts: record the process, so that another daemon can end it. When it
  ///     throws, nothing starts.
  ///   - onMessage: called for every protocol line in order, the next one after it returns. It runs in a task that is
  ///     not cancelled with the caller's.
  package func run(
    _ command: ToolCommand,
    limits: ToolLimits,
    runID: ToolRunID,
    logDirectory: FilePath,
    onStart: @escaping @Sendable (ToolProcess) async throws -> Void,
    onMessage: @escaping @Sendable (ToolMessage) async -> Void
  ) async throws(ToolError) -> ToolReport {
    throw .supervisorFailed("not built yet")
  }
}
