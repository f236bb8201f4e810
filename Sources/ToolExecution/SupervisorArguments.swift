import SystemPackage

/// The supervisor's command line; the supervisor's own usage text says the same.
enum SupervisorArguments {
  static func run(
    _ command: ToolCommand, limits: ToolLimits, runID: ToolRunID, logDirectory: FilePath, daemon: Int32,
    cgroup: FilePath?, isFed: Bool
  ) -> [String] {
    var arguments = [
      "--parent", String(daemon),
      "--run", runID.rawValue,
      "--log-directory", logDirectory.string,
      "--working-directory", command.workingDirectory.string,
      "--grace-ms", String(limits.terminationGrace.wholeMilliseconds),
      "--message-bytes", String(limits.messageBytes),
      "--message-line-bytes", String(limits.messageLineBytes),
      "--log-bytes", String(limits.logBytes),
    ]
    // The supervisor reads 0 as unlimited; a limit of 0 means the smallest one there is.
    let bounds: [(option: String, value: UInt64?)] = [
      ("--address-space-bytes", limits.addressSpaceBytes),
      ("--cpu-seconds", limits.cpuSeconds),
      ("--file-size-bytes", limits.fileSizeBytes),
      ("--wall-ms", limits.wallClock.map { UInt64($0.wholeMilliseconds) }),
      ("--silence-ms", limits.silence.map { UInt64($0.wholeMilliseconds) }),
    ]
    for case (let option, let value?) in bounds {
      arguments += [option, String(min(max(value, 1), UInt64(Int64.max)))]
    }
    if let processors = limits.processors {
      arguments += ["--processors", processors.map(String.init).joined(separator: ",")]
    }
    if let cgroup {
      arguments += ["--cgroup", cgroup.string]
      if let bytes = limits.memoryBytes {
        arguments += ["--memory-bytes", String(min(max(bytes, 1), UInt64(Int64.max)))]
      }
    }
    if isFed { arguments += ["--input-line-bytes", String(SupervisorControl.longestLine)] }
    return arguments + ["--", command.executable.string] + command.arguments
  }

  static func reap(_ runID: ToolRunID) -> [String] {
    [
      "--reap", runID.rawValue,
      "--supervisor-patience-ms", String(ToolReaper.supervisorPatience.wholeMilliseconds),
      "--kill-patience-ms", String(ToolReaper.killPatience.wholeMilliseconds),
    ]
  }
}

extension Duration {
  /// Rounded up, never negative, so that a small limit does not become none.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow, product < Int64.max - 1000 else { return Int64.max }
    let attosecondsAMillisecond: Int64 = 1_000_000_000_000_000
    return product + (attoseconds + attosecondsAMillisecond - 1) / attosecondsAMillisecond
  }
}
