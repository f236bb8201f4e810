import FoundationEssentials
import SystemPackage

/// `exit.json` as the supervisor writes it when a run is over.
struct ExitRecord: Decodable {
  static let fileName: FilePath.Component = "exit.json"
  /// The reasons besides those of ``ToolStopReason``.
  static let exitedReason = "exited", startFailedReason = "start_failed"
  private static let largestSize = 64 * 1024

  var run: String
  var exitStatus: Int32?
  var signal: Int32?
  var reason: String
  var error: String
  var peakRSSBytes: UInt64
  var userCPUMicroseconds: Int64
  var systemCPUMicroseconds: Int64
  var startedAtMilliseconds: Int64
  var wallMicroseconds: Int64
  var strayDescendantsKilled: Int
  var oomKills: UInt64
  var cgroupOOMKills: UInt64
  var cgroupError: String

  private enum CodingKeys: String, CodingKey {
    case run, signal, reason, error
    case exitStatus = "exit_status"
    case peakRSSBytes = "peak_rss_bytes"
    case userCPUMicroseconds = "user_cpu_us"
    case systemCPUMicroseconds = "system_cpu_us"
    case startedAtMilliseconds = "started_at_ms"
    case wallMicroseconds = "wall_us"
    case strayDescendantsKilled = "stray_descendants_killed"
    case oomKills = "oom_kills"
    case cgroupOOMKills = "cgroup_oom_kills"
    case cgroupError = "cgroup_error"
  }

  init(in logDirectory: FilePath, of runID: ToolRunID) throws(ToolError) {
    let path = logDirectory.appending(Self.fileName)
    do {
      let bytes = try SmallFile.head(of: path, limit: Self.largestSize)
      self = try JSONDecoder().decode(ExitRecord.self, from: Data(bytes))
    } catch {
      throw .supervisorFailed("The run is over, but its exit record \(path) can't be read: \(error).")
    }
    guard run == runID.rawValue else {
      throw .supervisorFailed("The exit record \(path) belongs to run \(run), not to \(runID).")
    }
  }

  /// - Throws: ``ToolError/startFailed(_:)`` when the tool never ran.
  func report(
    of command: ToolCommand, limits: ToolLimits, logTail: String, result: Data?, reportedError: ToolReportedError?
  ) throws(ToolError) -> ToolReport {
    let tool = command.executable.lastComponent?.string ?? command.executable.string
    if reason == Self.startFailedReason {
      throw .startFailed("The tool \(command.executable) could not be started (\(error)).")
    }
    let ending: ToolEnding
    switch (exitStatus, signal) {
    case (let status?, _): ending = .exited(status)
    case (nil, let signal?): ending = .signaled(signal)
    case (nil, nil): throw .supervisorFailed("The exit record of run \(run) does not say how its tool ended.")
    }
    let stopReason = ToolStopReason(rawValue: reason)
    guard stopReason != nil || reason == Self.exitedReason else {
      throw .supervisorFailed("The exit record of run \(run) gives an unknown reason, \(reason).")
    }
    return ToolReport(
      tool: tool, ending: ending, stopReason: stopReason, stopDetail: error.isEmpty ? nil : error,
      peakResidentBytes: peakRSSBytes, userCPU: .microseconds(userCPUMicroseconds),
      systemCPU: .microseconds(systemCPUMicroseconds), wall: .microseconds(wallMicroseconds),
      startedAtMilliseconds: startedAtMilliseconds, strayDescendants: strayDescendantsKilled,
      outOfMemoryKillSeen: oomKills > 0, memoryLimitReached: cgroupOOMKills > 0,
      cgroupTrouble: cgroupError.isEmpty ? nil : cgroupError, logTail: logTail, result: result,
      reportedError: reportedError,
      limits: limits)
  }
}
