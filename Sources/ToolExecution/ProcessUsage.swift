import Glibc
import SystemPackage

/// What a process has used since its start, as `/proc` says; zero where it says nothing.
struct ProcessUsage: Sendable, Equatable {
  private(set) var user: Duration = .zero
  private(set) var system: Duration = .zero
  /// Largest resident size since the peak was last reset, in bytes.
  private(set) var peakBytes: UInt64 = 0

  /// - Parameter resettingPeak: the peak counts from now.
  init(of pid: Int32?, resettingPeak: Bool = false) {
    guard let pid else { return }
    if resettingPeak, let file = try? FileDescriptor.open("/proc/\(pid)/clear_refs", .writeOnly, options: .closeOnExec)
    {
      // A kernel without it gives the peak since the start, which is no less true, only less exact.
      _ = try? file.closeAfter { try file.writeAll(Array("5".utf8)) }
    }
    let fields = Self.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
    // Fields 14 to 17: of the process and of the children it has waited for, in clock ticks.
    if fields.count > 14 {
      let ticks = fields[11...14].map { Int64($0) ?? 0 }
      user = Self.duration(ticks[0] + ticks[2])
      system = Self.duration(ticks[1] + ticks[3])
    }
    let peak = Self.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    peakBytes = (peak?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { UInt64($0) } ?? 0) * 1024
  }

  /// The oldest living child of a process: a supervisor's tool, as long as that lives.
  static func firstChild(of pid: Int32) -> Int32? {
    text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").first.flatMap { Int32($0) }
  }

  private static func duration(_ ticks: Int64) -> Duration {
    .microseconds(ticks * 1_000_000 / max(1, Int64(sysconf(CInt(_SC_CLK_TCK)))))
  }

  private static func text(_ path: String) -> String {
    String(decoding: (try? SmallFile.head(of: FilePath(path), limit: 64 * 1024)) ?? [], as: UTF8.self)
  }
}
