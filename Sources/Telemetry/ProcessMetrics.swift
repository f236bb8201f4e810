import Glibc

/// The metrics that every Prometheus client has of its own process, read from /proc when they are asked for.
package enum ProcessMetrics {
  /// What cannot be read is left out.
  package static func update(_ registry: MetricsRegistry) {
    let pageBytes = Double(sysconf(CInt(_SC_PAGESIZE)))
    let fields = statistics()
    if fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
      let virtual = Double(fields[20]), let resident = Double(fields[21])
    {
      registry.replace(Metric.processCPU, (user + system) / ticks)
      registry.replace(Metric.processVirtual, virtual)
      registry.replace(Metric.processResident, resident * pageBytes)
    }
    if let startTime { registry.replace(Metric.processStart, startTime) }
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      registry.replace(Metric.processMaxFiles, Double(limit.rlim_cur))
    }
    if let count = openFiles() { registry.replace(Metric.processOpenFiles, Double(count)) }
  }

  private static let ticks = Double(max(1, sysconf(CInt(_SC_CLK_TCK))))

  /// Seconds since 1970 UTC. Read once: the kernel's time of boot moves when the clock is set, and a start that moves
  /// looks like a restart.
  private static let startTime: Double? = {
    let fields = statistics()
    guard fields.count > 19, let start = Double(fields[19]), let boot = bootTime() else { return nil }
    return boot + start / ticks
  }()

  /// The fields of proc(5) from the state on. The name in parentheses may hold blanks and parentheses; what follows the
  /// last one may not.
  private static func statistics() -> [Substring] {
    text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
  }

  /// Seconds since 1970 UTC.
  private static func bootTime() -> Double? {
    text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
  }

  /// Less the one that the count needs.
  private static func openFiles() -> Int? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
      let isHidden = entry.pointee.d_name.0 == CChar(bitPattern: UInt8(ascii: "."))
      if !isHidden { count += 1 }
    }
    return count - 1
  }

  private static func text(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
