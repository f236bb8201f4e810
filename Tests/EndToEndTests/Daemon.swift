import Foundation
import Glibc
import Testing

/// A real process of the built `stepworks`.
final class Daemon {
  let process = Process()
  let log: String

  /// - Parameter arguments: after the program's name.
  init(_ arguments: [String], environment: [String: String], log: String) throws {
    self.log = log
    try Data().write(to: URL(fileURLWithPath: log))
    process.executableURL = Products.program("stepworks")
    process.arguments = arguments
    process.environment = Products.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: log)
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
  }

  var pid: pid_t { process.processIdentifier }

  func send(_ signal: Int32) { kill(pid, signal) }

  /// Waits for the end.
  /// - Returns: the exit status, or minus the number of the signal.
  @discardableResult
  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  var output: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

  deinit {
    guard process.isRunning else { return }
    send(SIGKILL)
    process.waitUntilExit()
  }
}

/// The programs beside the test bundle.
enum Products {
  /// Of this process, less what would configure Stepworks.
  static var environment: [String: String] {
    ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("STEPWORKS_") }
  }

  /// What scripts/setup has put beside the sources.
  static let renderTool = installed(".blender/bin/stepworks-render")
  static let usdTool = installed(".usd/bin/stepworks-usd")

  private static func installed(_ path: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../\(path)")
      .standardizedFileURL.path
  }

  static func program(_ name: String) -> URL {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent(name)
  }
}

/// What a finished command said.
struct CommandResult {
  let status: Int32
  let output: String
  let errors: String
}

enum Command {
  /// Runs a program to its end.
  static func run(_ program: URL, _ arguments: [String], environment: [String: String] = [:]) throws -> CommandResult {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = Products.environment.merging(environment) { $1 }
    // Files, not pipes: nobody has to read while it runs.
    let base = NSTemporaryDirectory() + "command-\(UUID().uuidString)"
    defer { for suffix in [".out", ".err"] { try? FileManager.default.removeItem(atPath: base + suffix) } }
    for suffix in [".out", ".err"] { try Data().write(to: URL(fileURLWithPath: base + suffix)) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: base + ".out")
    process.standardError = FileHandle(forWritingAtPath: base + ".err")
    try process.run()
    process.waitUntilExit()
    return CommandResult(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try String(contentsOfFile: base + ".out", encoding: .utf8),
      errors: try String(contentsOfFile: base + ".err", encoding: .utf8))
  }
}
