import Glibc
import SystemPackage

/// What all processes of a run use now and have used so far, as `/proc` says.
package struct ToolTreeUsage: Sendable, Hashable {
  /// Of the living and of those they have waited for: it grows as long as the run lasts.
  package private(set) var cpu: Duration = .zero
  /// Pages that two of the processes share are counted twice.
  package private(set) var residentBytes: UInt64 = 0
  /// How long the supervisor has been running.
  package private(set) var age: Duration = .zero

  /// - Parameter supervisor: what is recorded of the run; no other process is taken for it.
  /// - Returns: `nil` when it does not run on this machine, or this user may not see it.
  package init?(of supervisor: ToolProcess) {
    guard supervisor.isAlive else { return nil }
    var pids = [supervisor.pid]
    var seen: Set<Int32> = []
    while let pid = pids.popLast() {
      guard seen.insert(pid).inserted, add(pid) else { continue }
      pids += Self.children(of: pid)
    }
    var now = timespec()
    guard !seen.isEmpty, supervisor.isAlive, clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return nil }
    let booted = Duration.seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    age = max(.zero, booted - Self.duration(Int64(clamping: supervisor.startTicks)))
  }

  /// - Returns: whether the process was still there.
  private mutating func add(_ pid: Int32) -> Bool {
    guard let bytes = try? SmallFile.head(of: FilePath("/proc/\(pid)/stat"), limit: 4096),
      // The name may hold anything, brackets included: the fields start after the last one.
      let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return false }
    // From field 3 on: 14 to 17 are clock ticks of the process and of its children, 24 is pages.
    let fields = String(decoding: bytes[(nameEnd + 1)...], as: UTF8.self).split(separator: " ")
    guard fields.count > 21 else { return false }
    cpu += Self.duration(fields[11...14].reduce(0) { $0 + (Int64($1) ?? 0) })
    residentBytes += (UInt64(fields[21]) ?? 0) * UInt64(max(1, sysconf(CInt(_SC_PAGESIZE))))
    return true
  }

  /// Each thread has children of its own.
  private static func children(of pid: Int32) -> [Int32] {
    guard let directory = opendir("/proc/\(pid)/task") else { return [] }
    defer { closedir(directory) }
    var children: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let thread = Int32(name),
        let bytes = try? SmallFile.head(of: FilePath("/proc/\(pid)/task/\(thread)/children"), limit: 64 * 1024)
      else { continue }
      children += String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
    }
    return children
  }

  private static func duration(_ ticks: Int64) -> Duration {
    .microseconds(ticks * 1_000_000 / max(1, Int64(sysconf(CInt(_SC_CLK_TCK)))))
  }
}
