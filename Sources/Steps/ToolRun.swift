import FoundationEssentials
import Jobs
import Synchronization
import SystemPackage
import ToolExecution

/// One tool run on behalf of a job: the request goes in, the result comes out, everything between is told to the
/// worker.
struct ToolRun: Sendable {
  let environment: StepEnvironment
  let context: StepContext
  let name: String
  let limits: ToolLimits
  /// An existing directory that holds no other run.
  let logDirectory: FilePath
  /// Tells the runs of one attempt apart, where it has several.
  var part: String?

  /// Runs the tool and returns its result object.
  /// - Throws: ``JobFailure`` with the tool's own sentence where it gave one; ``StepSnooze`` when the tool asked for
  ///   it; `CancellationError` when the job was stopped.
  func run(_ command: ToolCommand) async throws -> JSONValue {
    await context.phase(.launch)
    return try result(of: try await report(of: command))
  }

  /// Runs a program that knows nothing of our protocol and returns what is kept of its output.
  /// - Throws: as ``run(_:)``.
  func runProgram(_ command: ToolCommand) async throws -> String {
    let report = try await report(of: command)
    try check(report)
    return report.logTail
  }

  /// Runs a request on a process that waits for such, or on a new one that will.
  /// - Throws: as ``run(_:)``.
  func run(_ request: WarmRequest, on warm: WarmTools, _ command: WarmCommand) async throws -> JSONValue {
    await context.phase(.launch)
    let current = Mutex<ToolRunID?>(nil)
    do {
      let report = try await warm.run(
        command, request, limits: limits,
        onStart: { process, runID in
          current.withLock { $0 = runID }
          try await record(process, runID)
        },
        onMessage: { message in await tell(message) })
      return try await result(of: finished(report))
    } catch let error as ToolError {
      throw await failure(for: error, current.withLock { $0 })
    }
  }

  private func report(of command: ToolCommand) async throws -> ToolReport {
    let suffix = part.map { "-\($0)" } ?? ""
    guard let runID = ToolRunID(rawValue: "\(environment.databaseID)-\(context.job.token)\(suffix)") else {
      throw JobFailure(.toolFailed, "The run \(context.job.token) has no valid identifier.")
    }
    do {
      let report = try await environment.runner.run(
        command, limits: limits, runID: runID, logDirectory: logDirectory,
        onStart: { process in try await record(process, runID) },
        onMessage: { message in await tell(message) })
      return try await finished(report)
    } catch let error as ToolError {
      throw await failure(for: error, runID)
    }
  }

  private func record(_ process: ToolProcess, _ runID: ToolRunID) async throws {
    try await context.toolStarted(
      ToolProcessRecord(
        tool: name, runID: runID.rawValue, pid: process.pid, startTicks: process.startTicks, bootID: process.bootID))
  }

  private func finished(_ report: ToolReport) async throws -> ToolReport {
    if let trouble = report.cgroupTrouble { await context.log(.warning, trouble) }
    await context.toolEnded(report.usage(of: name))
    try Task.checkCancellation()
    return report
  }

  private func tell(_ message: ToolMessage) async {
    switch message {
    case .progress(let fraction, let message): await context.progress(fraction, message)
    case .phase(let name): await context.phase(PhaseName(rawValue: name))
    case .log(let level, let message): await context.log(StepLogLevel(rawValue: level) ?? .info, message)
    case .result, .error: break  // in the report
    }
  }

  private func check(_ report: ToolReport) throws {
    guard let failure = report.failure() else { return }
    if failure.asksForLater { throw StepSnooze(for: .seconds(30), reason: failure.sentence) }
    throw JobFailure(failure)
  }

  private func result(of report: ToolReport) throws -> JSONValue {
    try check(report)
    guard let data = report.result, case .object(let members)? = try? JSONValue(parsing: data) else {
      throw JobFailure(
        .invalidOutput, "\(name) said that it was done but gave no result; its log is in \(logDirectory).",
        exit: 0, logTail: report.logTail.isEmpty ? nil : report.logTail)
    }
    return .object(members)
  }

  /// - Parameter runID: nil when nothing was started.
  private func failure(for error: ToolError, _ runID: ToolRunID?) async -> any Error {
    switch error {
    case .cancelledBeforeStart: return CancellationError()
    case .recordingFailed(let reason): return reason
    case .supervisorFailed, .notReaped:
      // Neither proves that nothing of the run is left.
      if let runID { await reapForEver(runID) }
    case .missingTool, .missingSupervisor, .invalidCommand, .startFailed, .logDirectoryUnusable, .supervisorDied:
      break
    }
    return JobFailure(error.failure())
  }

  /// A job is not settled while a process of it may live: tries as long as it takes, and says why once a minute.
  private func reapForEver(_ runID: ToolRunID) async {
    let reaper = environment.reaper
    for attempt in 0... {
      do {
        _ = try await reaper.reap(runID)
        return
      } catch {
        if attempt % 60 == 0 { await context.log(.error, error.description) }
      }
      // Not cancellable: the job may be stopped, its processes still have to be gone.
      await Task { try? await Task.sleep(for: .seconds(1)) }.value
    }
  }
}

extension JobFailure {
  fileprivate init(_ failure: ToolFailure) {
    self.init(
      FailureClass(rawValue: failure.kind.rawValue) ?? .toolFailed, failure.sentence, exit: failure.exit.map(Int.init),
      signal: failure.signal.map(Int.init), logTail: failure.logTail.isEmpty ? nil : failure.logTail)
  }
}

extension ToolReport {
  func usage(of tool: String) -> ToolUsage {
    var usage = ToolUsage(
      tool: tool, wallSeconds: wall.seconds, cpuSeconds: (userCPU + systemCPU).seconds,
      peakMemoryBytes: Int64(clamping: peakResidentBytes))
    switch ending {
    case .exited(let status): usage.exit = Int(status)
    case .signaled(let signal): usage.signal = Int(signal)
    }
    return usage
  }
}
