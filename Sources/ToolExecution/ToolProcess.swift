/// One process, for ever: a pid alone is reused, a pid with its start time in its boot is not.
///
/// ``ToolRunner`` gives that of the supervisor, whose end is the end of the run.
package struct ToolProcess: Sendable, Hashable, Codable {
  package var pid: Int32
  /// Start in clock ticks since boot: field 22 of `/proc/PID/stat`.
  package var startTicks: UInt64
  /// `/proc/sys/kernel/random/boot_id` of the host when it ran.
  package var bootID: String
  package var processGroup: Int32
  package var session: Int32

  package init(pid: Int32, startTicks: UInt64, bootID: String, processGroup: Int32, session: Int32) {
    self.pid = pid
    self.startTicks = startTicks
    self.bootID = bootID
    self.processGroup = processGroup
    self.session = session
  }
}

extension ToolProcess {
  /// Whether this very process still runs. A zombie does not.
  package var isAlive: Bool { false }
}
