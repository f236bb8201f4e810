import SystemPackage

/// The cgroups a process is in, as directories.
struct OwnCgroups {
  /// Of version 2; nil when it is not mounted.
  private(set) var unified: FilePath?
  /// Of the hierarchy of version 1 that has the memory controller; nil when there is none.
  private(set) var legacyMemory: FilePath?

  init(pid: Int32) {
    let memberships = Self.lines(of: FilePath("/proc/\(pid)/cgroup")).map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    }
    func membership(_ isWanted: (Substring) -> Bool) -> Substring? {
      memberships.first { $0.count == 3 && isWanted($0[1]) }?[2]
    }
    let unifiedPath = membership(\.isEmpty)
    let memoryPath = membership { $0.split(separator: ",").contains("memory") }

    for line in Self.lines(of: "/proc/self/mountinfo") {
      // 31 23 0:27 /root /mount options … - type source superoptions
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 3 else { continue }
      let (root, mount) = (fields[3], fields[4])
      switch fields[dash + 1] {
      case "cgroup2":
        unified = unified ?? unifiedPath.flatMap { Self.directory(of: $0, root: root, mount: mount) }
      case "cgroup" where fields[dash + 3].split(separator: ",").contains("memory"):
        legacyMemory = legacyMemory ?? memoryPath.flatMap { Self.directory(of: $0, root: root, mount: mount) }
      default: break
      }
    }
  }

  /// In a container the mount shows only a part of the hierarchy.
  private static func directory(of path: Substring, root: Substring, mount: Substring) -> FilePath? {
    if root == "/" { return FilePath(String(mount) + path) }
    guard path == root || path.hasPrefix(root + "/") else { return nil }
    return FilePath(String(mount) + path.dropFirst(root.count))
  }

  private static func lines(of path: FilePath) -> [Substring] {
    let bytes = (try? SmallFile.head(of: path, limit: 1 << 20)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
