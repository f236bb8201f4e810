import FoundationEssentials
import Glibc
import SystemPackage

/// One request on one process, from handing it over to the report.
struct WarmExchange: Sendable {
  enum Outcome: Sendable {
    /// The process waits for its next request, unless there is a reason to end it.
    case answered(ToolReport, reasonToEnd: WarmEnd?)
    /// With whether it had said anything of this request.
    case ended(Result<ToolReport, ToolError>, hasSpoken: Bool)
  }

  let process: WarmProcess
  let line: [UInt8]
  let options: WarmOptions
  let onMessage: @Sendable (ToolMessage) async -> Void

  /// Must not run in a task that can be cancelled. A cancelled request ends with its process.
  ///
  /// - Parameter start: what a process that was just started says, from the beginning: first that it is ready. Nil for
  ///   one that is.
  func perform(_ start: AsyncStream<WarmProcess.Event>?) async -> Outcome {
    var answer = Answer()
    var handed: Handed?
    let events = start ?? process.listen()
    if start == nil { handed = hand() }
    for await event in events {
      switch event {
      case .line(.message(let message)):
        answer.take(message)
        await onMessage(message)
      case .line(.other):
        answer.isOdd = true
      case .line(.ready(let residentBytes)):
        if let handed { return answered(answer, handed, residentBytes) }
        handed = hand()
      case .ended(let result):
        return .ended(result.map { report(of: $0, answer, handed) }, hasSpoken: answer.count > 0)
      }
    }
    return .ended(.failure(.supervisorFailed("The process \(process.runID) was lost.")), hasSpoken: true)
  }

  private struct Handed {
    let at = SuspendingClock().now
    let realTimeMilliseconds = Self.milliseconds()
    let usage: ProcessUsage

    private static func milliseconds() -> Int64 {
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
  }

  private func hand() -> Handed {
    Handed(usage: process.hand(line))
  }

  private func answered(_ answer: Answer, _ handed: Handed, _ residentBytes: UInt64) -> Outcome {
    let (usage, isTooLarge) = process.rest(residentBytes: residentBytes, options)
    process.stopListening()
    let report = ToolReport(
      tool: process.key.command.name, ending: .exited(answer.error?.exitStatus ?? 0),
      peakResidentBytes: max(usage.peakBytes, residentBytes), userCPU: usage.user - handed.usage.user,
      systemCPU: usage.system - handed.usage.system, wall: SuspendingClock().now - handed.at,
      startedAtMilliseconds: handed.realTimeMilliseconds,
      logTail: ToolLog.tail(in: process.logDirectory, since: process.logMark), result: answer.result,
      reportedError: answer.error, limits: process.key.limits)
    return .answered(report, reasonToEnd: reasonToEnd(answer, isTooLarge))
  }

  private func reasonToEnd(_ answer: Answer, _ isTooLarge: Bool) -> WarmEnd? {
    if answer.error != nil { return .failed }
    if answer.isOdd || answer.endings != 1 { return .output }
    if isTooLarge { return .memory }
    if process.served >= options.requests { return .requests }
    if SuspendingClock().now - process.started >= options.age { return .age }
    if ToolLog.messageBytes(in: process.logDirectory) > process.key.limits.messageBytes { return .messages }
    return nil
  }

  /// What a process that ended says about this request: its costs are those since the request was handed over.
  private func report(of run: ToolReport, _ answer: Answer, _ handed: Handed?) -> ToolReport {
    var report = run
    report.limits = process.key.limits
    report.result = answer.result
    report.reportedError = answer.error
    guard let handed else { return report }
    report.userCPU = max(.zero, run.userCPU - handed.usage.user)
    report.systemCPU = max(.zero, run.systemCPU - handed.usage.system)
    report.wall = SuspendingClock().now - handed.at
    report.startedAtMilliseconds = handed.realTimeMilliseconds
    return report
  }

  /// What was said of one request.
  private struct Answer {
    var result: Data?
    var error: ToolReportedError?
    var count = 0
    /// Results and errors: there is to be one.
    var endings = 0
    var isOdd = false

    mutating func take(_ message: ToolMessage) {
      count += 1
      switch message {
      case .result(let data):
        result = data
        endings += 1
      case .error(let reported):
        error = reported
        endings += 1
      case .progress, .phase, .log: break
      }
    }
  }
}

extension ToolReportedError {
  /// What a tool that runs once would have exited with: the tool says it, or its class does (sysexits).
  fileprivate var exitStatus: Int32 {
    if let exit, exit > 0 { return exit }
    return switch errorClass.flatMap(ToolFailureKind.init(rawValue:)) {
    case .invalidInput: 65
    case .missingInput: 66
    case .missingTool: 69
    default: 70
    }
  }
}
