import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// One run from the start of its supervisor to its report.
struct SupervisedRun: Sendable {
  let runner: ToolRunner
  let command: ToolCommand
  let limits: ToolLimits
  let runID: ToolRunID
  let logDirectory: FilePath
  let control: SupervisorControl
  let onStart: @Sendable (ToolProcess) async throws -> Void
  let onLine: @Sendable (ToolLine) async -> Void
  /// A warm tool gets requests on its standard input.
  var isFed = false

  /// Must not run in a task that can be cancelled: swift-subprocess would kill the supervisor, and with it the proof.
  func perform() async -> Result<ToolReport, ToolError> {
    var messages = MessageFollower(
      path: logDirectory.appending(ToolLog.messagesName), longestLine: Int(clamping: limits.messageLineBytes))
    let end = await runSupervisor(&messages)
    // What was written after the last ring.
    await messages.deliver(to: onLine)
    messages.close()
    do throws(ToolError) {
      return .success(try await report(end, messages))
    } catch {
      return .failure(error)
    }
  }

  private enum SupervisorEnd {
    /// With what it said on standard error.
    case exited(Int32, String)
    case signaled(Int32)
    /// It can't be said whether it runs.
    case lost(String)
    case notRecorded(any Error)
  }

  private func runSupervisor(_ messages: inout MessageFollower) async -> SupervisorEnd {
    var environment = command.environment
    environment[ToolRunID.environmentVariable] = runID.rawValue
    var options = PlatformOptions()
    // Out of reach of a Ctrl-C in the daemon's terminal.
    options.createSession = true
    do {
      let outcome = try await Subprocess.run(
        .path(runner.supervisor),
        arguments: Arguments(
          SupervisorArguments.run(
            command, limits: limits, runID: runID, logDirectory: logDirectory, daemon: getpid(),
            cgroup: runner.cgroups.path(of: runID), isFed: isFed)),
        environment: .custom(
          Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
        workingDirectory: "/",
        platformOptions: options,
        input: .fileDescriptor(control.supervisorEnd, closeAfterSpawningProcess: false),
        output: .sequence,
        error: .string(limit: 64 * 1024)
      ) { supervisor in
        if let refusal = await recordAndStart(supervisor.processIdentifier.value) { return refusal as (any Error)? }
        do {
          // Each buffer is a ring of the bell, see orders.h of the supervisor.
          for try await _ in supervisor.standardOutput { await messages.deliver(to: onLine) }
        } catch {
          // A bell that breaks delays messages to the end of the run; none is lost.
        }
        return nil
      }
      if let refusal = outcome.closureResult { return .notRecorded(refusal) }
      return switch outcome.terminationStatus {
      case .exited(let code): .exited(code, Self.sentence(outcome.standardError))
      case .signaled(let signal): .signaled(signal)
      }
    } catch {
      control.close()
      return .lost("\(error)")
    }
  }

  /// What keeps the run from being recorded, if anything does; then the supervisor leaves without starting the tool.
  private func recordAndStart(_ pid: Int32) async -> (any Error)? {
    do {
      guard let process = ToolProcess(runningAs: pid) else { throw Errno.noSuchProcess }
      try await onStart(process)
      control.go(process)
      return nil
    } catch {
      control.close()
      return error
    }
  }

  private func report(_ end: SupervisorEnd, _ messages: MessageFollower) async throws(ToolError) -> ToolReport {
    switch end {
    case .exited(SupervisorExit.recorded, _):
      let record = try ExitRecord(in: logDirectory, of: runID)
      return try record.report(
        of: command, limits: limits, logTail: ToolLog.tail(in: logDirectory), result: messages.result,
        reportedError: messages.reportedError)
    case .exited(SupervisorExit.nothingStarted, _) where control.isCancelled:
      throw .cancelledBeforeStart
    case .exited(SupervisorExit.logsUnusable, let said):
      throw .logDirectoryUnusable(logDirectory, reason: said)
    case .exited(let code, let said):
      throw .supervisorFailed("The supervisor of \(command.executable) gave up with status \(code) (\(said)).")
    case .notRecorded(let error):
      throw .recordingFailed(error)
    case .signaled(let signal):
      throw .supervisorDied(signal: signal, try await ToolReaper(supervisor: runner.supervisor).reap(runID))
    case .lost(let reason):
      _ = try await ToolReaper(supervisor: runner.supervisor).reap(runID)
      throw .supervisorFailed("The supervisor of \(command.executable) could not be run (\(reason)).")
    }
  }

  /// The first line of what the supervisor said, without its own name.
  private static func sentence(_ text: String) -> String {
    let line = text.prefix { $0 != "\n" }
    let name = "stepworks-supervisor: "
    return String(line.hasPrefix(name) ? line.dropFirst(name.count) : line)
  }
}

/// How the supervisor itself ends; see exit_codes.h.
enum SupervisorExit {
  static let recorded: Int32 = 0
  static let logsUnusable: Int32 = 73
  static let nothingStarted: Int32 = 75
  static let notReaped: Int32 = 76
}
