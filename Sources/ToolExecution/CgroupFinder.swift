import FoundationEssentials
import Glibc
import SystemPackage

/// Looks for a directory in which cgroups with limited memory can be made.
struct CgroupFinder {
  /// The leaf that takes this process, so that its former cgroup may hand on controllers.
  static let leafName = "stepworks-worker"

  let mayChange: Bool
  /// The process whose cgroup it is about.
  var pid = getpid()
  /// The controller that the children need. Another one stands in for it in tests on machines that have memory in
  /// version 1.
  var controller = "memory"

  func find(_ placement: ToolCgroups.Placement) -> ToolCgroups {
    switch placement {
    case .off: .off
    case .at(let path): explicit(path)
    case .automatic: automatic()
    }
  }

  private func explicit(_ path: FilePath) -> ToolCgroups {
    guard path.isAbsolute, isDirectory(path) else {
      return .none(reason: "The cgroup \(path) is not an existing directory; give one or leave it to auto.")
    }
    guard access(path.string, W_OK) == 0 else { return .none(reason: notWritable(path)) }
    if exists(path, "memory.limit_in_bytes") { return .legacy(parent: path) }
    guard exists(path, "cgroup.controllers") else {
      return .none(reason: "\(path) is no cgroup that can limit memory; give one or leave it to auto.")
    }
    return unified(path)
  }

  private func automatic() -> ToolCgroups {
    let own = OwnCgroups(pid: pid)
    // Where both versions are mounted, a controller belongs to only one of them.
    if let path = own.legacyMemory {
      guard access(path.string, W_OK) == 0 else { return .none(reason: notWritable(path)) }
      return .legacy(parent: path)
    }
    guard var path = own.unified else { return .none(reason: "No cgroup file system is mounted here.") }
    if path.lastComponent?.string == Self.leafName { path.removeLastComponent() }  // divided before
    guard access(path.string, W_OK) == 0 else { return .none(reason: notWritable(path)) }
    guard isDelegated(path) else {
      return .none(
        reason: "systemd has not handed over the cgroup \(path); add Delegate=yes to the unit of the worker.")
    }
    return unified(path)
  }

  private func unified(_ path: FilePath) -> ToolCgroups {
    guard words(path, "cgroup.controllers").contains(controller) else {
      return .none(reason: "The cgroup \(path) has no \(controller) controller.")
    }
    if words(path, "cgroup.subtree_control").contains(controller) { return .unified(parent: path) }
    // The root of all cgroups, which has no events, may have both processes and children with controllers.
    let members = exists(path, "cgroup.events") ? words(path, "cgroup.procs") : []
    guard members.allSatisfy({ $0 == String(pid) }) else {
      return .none(
        reason: "The cgroup \(path) holds other processes than this worker, so it can't be divided; "
          + "start the worker in a cgroup of its own, as a systemd unit with Delegate=yes does.")
    }
    guard mayChange else { return .unified(parent: path) }
    do {
      if !members.isEmpty { try moveToLeaf(of: path) }
      try write("+\(controller)", to: path.appending("cgroup.subtree_control"))
      return .unified(parent: path)
    } catch {
      return .none(reason: "The cgroup \(path) can't be divided (\(error)).")
    }
  }

  private func moveToLeaf(of path: FilePath) throws(Errno) {
    let leaf = path.appending(Self.leafName)
    guard mkdir(leaf.string, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
    try write(String(pid), to: leaf.appending("cgroup.procs"))
  }

  /// By systemd's own mark. Where it does not run, whoever may write a cgroup may divide it.
  private func isDelegated(_ path: FilePath) -> Bool {
    guard isDirectory("/run/systemd/system") else { return true }
    let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
    let marks = attributes?[FileAttributeKey(rawValue: "NSFileExtendedAttributes")] as? [String: Data] ?? [:]
    return ["user.delegate", "trusted.delegate"].contains { marks[$0] == Data("1".utf8) }
  }

  private func notWritable(_ path: FilePath) -> String {
    "The cgroup \(path) can't be written by this user; name one that can, or start the worker as a systemd unit with "
      + "Delegate=yes."
  }

  private func exists(_ directory: FilePath, _ name: String) -> Bool {
    access(directory.appending(name).string, F_OK) == 0
  }

  private func isDirectory(_ path: FilePath) -> Bool {
    var status = stat()
    return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private func words(_ directory: FilePath, _ name: String) -> [String] {
    let bytes = (try? SmallFile.head(of: directory.appending(name), limit: 1 << 20)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  private func write(_ text: String, to path: FilePath) throws(Errno) {
    do {
      let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
      _ = try file.closeAfter { try file.writeAll(Array(text.utf8)) }
    } catch let error as Errno {
      throw error
    } catch {
      throw Errno.ioError  // FileDescriptor throws nothing but Errno
    }
  }
}
