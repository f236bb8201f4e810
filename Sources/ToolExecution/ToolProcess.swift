import SystemPackage

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

  /// The process that has this pid now; nil when none has. A zombie counts until it is reaped.
  package init?(runningAs pid: Int32) {
    guard let status = ProcessStatus(pid: pid), let bootID = Self.currentBootID() else { return nil }
    self.init(
      pid: pid, startTicks: status.startTicks, bootID: bootID, processGroup: status.processGroup,
      session: status.session)
  }

  /// Whether this very process still runs. A zombie does not: it only waits to be reaped.
  package var isAlive: Bool {
    guard let status = ProcessStatus(pid: pid), !status.isZombie else { return false }
    return status.startTicks == startTicks && Self.currentBootID() == bootID
  }

  /// Nil when `/proc` is not mounted.
  package static func currentBootID() -> String? {
    guard let bytes = try? SmallFile.head(of: "/proc/sys/kernel/random/boot_id", limit: 64) else { return nil }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}

/// The fields of `/proc/PID/stat` that identify a process.
private struct ProcessStatus {
  var isZombie: Bool
  var processGroup: Int32
  var session: Int32
  var startTicks: UInt64

  init?(pid: Int32) {
    guard let bytes = try? SmallFile.head(of: FilePath("/proc/\(pid)/stat"), limit: 4096),
      // The name may hold anything, brackets included: the fields start after the last one.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = String(decoding: bytes[(nameEnd + 1)...], as: UTF8.self).split(separator: " ")
    guard fields.count > 19, let processGroup = Int32(fields[2]), let session = Int32(fields[3]),
      let startTicks = UInt64(fields[19])
    else { return nil }
    isZombie = fields[0] == "Z" || fields[0] == "X"
    self.processGroup = processGroup
    self.session = session
    self.startTicks = startTicks
  }
}
