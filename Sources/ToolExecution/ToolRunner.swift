package import SystemPackage

/// Runs tools, each under a `stepworks-supervisor` of its own.
package struct ToolRunner: Sendable {
  package let supervisor: FilePath
  /// Where each run gets a cgroup of its own.
  package let cgroups: ToolCgroups

  /// - Parameters:
  ///   - supervisor: the path of `stepworks-supervisor`.
  ///   - cgroups: see ``ToolCgroups/prepare(_:)``.
  package init(supervisor: FilePath, cgroups: ToolCgroups = .off) {
    self.supervisor = supervisor
    self.cgroups = cgroups
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
  ///     throws, nothing starts. It runs, as does `onMessage`, in a task that is not cancelled with the caller's.
  ///   - onMessage: called for every protocol line in order, the next one after it returns.
  /// - Throws: when there is no report. Except for ``ToolError/notReaped(_:)`` nothing of the run is left then either.
  package func run(
    _ command: ToolCommand,
    limits: ToolLimits,
    runID: ToolRunID,
    logDirectory: FilePath,
    onStart: @escaping @Sendable (ToolProcess) async throws -> Void,
    onMessage: @escaping @Sendable (ToolMessage) async -> Void
  ) async throws(ToolError) -> ToolReport {
    try check(command, limits: limits, logDirectory: logDirectory)
    let control: SupervisorControl
    do {
      control = try SupervisorControl()
    } catch {
      throw .supervisorFailed("No line could be opened to the supervisor of \(command.executable): \(error).")
    }
    let run = SupervisedRun(
      runner: self, command: command, limits: limits, runID: runID, logDirectory: logDirectory, control: control,
      onStart: onStart,
      onLine: { line in
        if case .message(let message) = line { await onMessage(message) }
      })
    // Shielded: a cancelled run must still be waited for until its supervisor has proven that nothing is left.
    let work = Task { await run.perform() }
    let result = await withTaskCancellationHandler {
      await work.value
    } onCancel: {
      control.cancel()
    }
    return try result.get()
  }
}
