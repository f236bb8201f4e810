import Glibc
import SystemPackage

extension ToolRunner {
  /// Finds out before anything starts what a person can put right.
  func check(_ command: ToolCommand, limits: ToolLimits, logDirectory: FilePath) throws(ToolError) {
    if let reason = Self.whyNotExecutable(supervisor) { throw .missingSupervisor(supervisor, reason: reason) }
    guard command.executable.isAbsolute else {
      throw .invalidCommand("The tool's path \(command.executable) is not absolute.")
    }
    if let reason = Self.whyNotExecutable(command.executable) {
      throw .missingTool(command.executable, reason: reason)
    }
    let variables = command.environment
    if let name = variables.keys.first(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) || $0.hasNUL }) {
      throw .invalidCommand("\"\(name)\" can't be the name of an environment variable of \(command.executable).")
    }
    guard !command.arguments.contains(where: \.hasNUL), !variables.values.contains(where: \.hasNUL) else {
      throw .invalidCommand("An argument or environment variable of \(command.executable) holds a NUL byte.")
    }
    guard command.workingDirectory.isAbsolute, Self.isDirectory(command.workingDirectory) else {
      throw .invalidCommand(
        "The working directory \(command.workingDirectory) of \(command.executable) is not an existing directory.")
    }
    if let processors = limits.processors {
      let usable = Processors.usable()
      let missing = processors.filter { !usable.contains($0) }
      guard !processors.isEmpty, missing.isEmpty else {
        throw .invalidCommand(
          "\(command.executable) can't have the processors \(Processors.list(processors)): this worker may use "
            + "\(Processors.list(usable)).")
      }
    }
    guard logDirectory.isAbsolute, Self.isDirectory(logDirectory) else {
      throw .logDirectoryUnusable(logDirectory, reason: "it is not an existing directory")
    }
  }

  private static func whyNotExecutable(_ path: FilePath) -> String? {
    var status = stat()
    guard stat(path.string, &status) == 0 else { return "\(Errno(rawValue: errno))" }
    guard status.st_mode & S_IFMT == S_IFREG else { return "it is not a regular file" }
    guard access(path.string, X_OK) == 0 else { return "it is not executable (\(Errno(rawValue: errno)))" }
    return nil
  }

  private static func isDirectory(_ path: FilePath) -> Bool {
    var status = stat()
    return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

extension String {
  fileprivate var hasNUL: Bool { utf8.contains(0) }
}
