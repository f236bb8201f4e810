package import FoundationEssentials
package import SystemPackage

/// How a run ended and what it cost. Whoever holds one knows that no process of the run is left.
package struct ToolReport: Sendable, Hashable {
  /// The executable's file name.
  package var tool: String
  package var ending: ToolEnding
  /// Why the supervisor ended the run; nil when the tool ended by itself.
  package var stopReason: ToolStopReason?
  /// What the system said about ``ToolStopReason/outputLost``.
  package var stopDetail: String?
  /// Largest resident size of any one process of the run, in bytes.
  package var peakResidentBytes: UInt64
  /// CPU time in user mode of all processes of the run.
  package var userCPU: Duration
  /// CPU time in the kernel of all processes of the run.
  package var systemCPU: Duration
  /// From the start of the tool until nothing of it was left.
  package var wall: Duration
  /// Milliseconds since 1970 UTC at the start of the tool.
  package var startedAtMilliseconds: Int64
  /// Processes the tool left behind when it ended; all were ended.
  package var strayDescendants: Int
  /// True when the kernel's out-of-memory killer struck on this host during the run.
  package var outOfMemoryKillSeen: Bool
  /// True when the run's cgroup reached ``ToolLimits/memoryBytes`` and the kernel killed one of its processes.
  package var memoryLimitReached: Bool
  /// Why the run had no cgroup of its own, or no limit in it, although there should have been one; one clause.
  package var cgroupTrouble: String?
  /// The end of `tool.log`, about 4 KiB at most, repaired to valid UTF-8.
  package var logTail: String
  /// The last `{"result":{…}}` the tool wrote: the object's bytes, valid JSON.
  package var result: Data?
  /// The last `{"error":{…}}` the tool wrote.
  package var reportedError: ToolReportedError?
  /// The limits that held, so that a signal can be explained.
  package var limits: ToolLimits
  /// Where the log was kept because something went wrong, when that is not with the logs of the job.
  package var keptLogs: FilePath?

  package init(
    tool: String, ending: ToolEnding, stopReason: ToolStopReason? = nil, stopDetail: String? = nil,
    peakResidentBytes: UInt64 = 0, userCPU: Duration = .zero, systemCPU: Duration = .zero, wall: Duration = .zero,
    startedAtMilliseconds: Int64 = 0, strayDescendants: Int = 0, outOfMemoryKillSeen: Bool = false,
    memoryLimitReached: Bool = false, cgroupTrouble: String? = nil, logTail: String = "", result: Data? = nil,
    reportedError: ToolReportedError? = nil,
    limits: ToolLimits = ToolLimits(), keptLogs: FilePath? = nil
  ) {
    self.tool = tool
    self.ending = ending
    self.stopReason = stopReason
    self.stopDetail = stopDetail
    self.peakResidentBytes = peakResidentBytes
    self.userCPU = userCPU
    self.systemCPU = systemCPU
    self.wall = wall
    self.startedAtMilliseconds = startedAtMilliseconds
    self.strayDescendants = strayDescendants
    self.outOfMemoryKillSeen = outOfMemoryKillSeen
    self.memoryLimitReached = memoryLimitReached
    self.cgroupTrouble = cgroupTrouble
    self.logTail = logTail
    self.result = result
    self.reportedError = reportedError
    self.limits = limits
    self.keptLogs = keptLogs
  }
}

/// How the tool's own process ended.
package enum ToolEnding: Sendable, Hashable {
  case exited(Int32)
  /// The signal's number.
  case signaled(Int32)
}

/// Why the supervisor ended a run. The raw values stand in the exit record.
package enum ToolStopReason: String, Sendable, Hashable, Codable {
  case wallClock = "wall_clock"
  case silence
  /// Too many protocol lines, or one too long.
  case outputLimit = "output_limit"
  /// The protocol lines could not be written: the disk is full or broken.
  case outputLost = "output_lost"
  /// A warm tool did not read its request.
  case inputRefused = "input_refused"
  /// Asked from outside: cancelled, or a drain.
  case terminated
  case daemonDied = "daemon_died"
}
