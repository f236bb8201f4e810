import SystemPackage

/// The processors of this machine, by number.
package enum Processors {
  /// Those this process may use, in order: what its cpuset and its own affinity leave of those that are online. Empty
  /// when `/proc` or `/sys` can't be read.
  package static func usable() -> [Int] {
    let status = text(of: "/proc/self/status")
    let name = "Cpus_allowed_list:"
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return [] }
    let allowed = numbers(in: line.dropFirst(name.count))
    let online = Set(numbers(in: text(of: "/sys/devices/system/cpu/online")[...]))
    return allowed.filter(online.contains)
  }

  /// `0,2-3` for 0, 2 and 3.
  package static func list(_ processors: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in Set(processors).sorted() {
      if let last = ranges.last, last.upperBound == number - 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    if ranges.isEmpty { return "none" }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
      .joined(separator: ",")
  }

  /// The inverse of ``list(_:)``, as the kernel writes it.
  private static func numbers(in list: Substring) -> [Int] {
    list.split { $0 == "," || $0.isWhitespace }.flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }

  private static func text(of path: FilePath) -> String {
    String(decoding: (try? SmallFile.head(of: path, limit: 64 * 1024)) ?? [], as: UTF8.self)
  }
}
