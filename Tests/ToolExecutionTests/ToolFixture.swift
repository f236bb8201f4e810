import Foundation
import Glibc
import Synchronization
import SystemPackage
import ToolExecution

/// A directory with one tool in it, and everything a run of it says.
final class ToolFixture: Sendable {
  let directory: FilePath
  let logDirectory: FilePath
  let runID: ToolRunID
  let runner: ToolRunner
  private let heard = Mutex<[ToolMessage]>([])
  private let started = Mutex<ToolProcess?>(nil)

  init() throws {
    var generator = SystemRandomNumberGenerator()
    runID = ToolRunID(using: &generator)
    directory = FilePath(NSTemporaryDirectory()).appending("stepworks-\(runID)")
    logDirectory = directory.appending("logs")
    runner = ToolRunner(supervisor: try Self.supervisor)
    try FileManager.default.createDirectory(atPath: logDirectory.string, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: directory.string)
  }

  /// `stepworks-supervisor` stands beside the test executable, unless STEPWORKS_SUPERVISOR says otherwise.
  static var supervisor: FilePath {
    get throws {
      if let path = ProcessInfo.processInfo.environment["STEPWORKS_SUPERVISOR"] { return FilePath(path) }
      let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return FilePath(executable).removingLastComponent().appending("stepworks-supervisor")
    }
  }

  var messages: [ToolMessage] { heard.withLock { $0 } }
  /// The supervisor, once it is about to start the tool.
  var process: ToolProcess? { started.withLock { $0 } }

  /// Writes an executable script and gives the command that runs it.
  func tool(_ interpreter: Interpreter, _ text: String, arguments: [String] = []) throws -> ToolCommand {
    let path = directory.appending("tool")
    try write(interpreter.firstLine + text, to: "tool")
    guard chmod(path.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
    return ToolCommand(executable: path, arguments: arguments, workingDirectory: directory)
  }

  func shell(_ text: String, arguments: [String] = []) throws -> ToolCommand {
    try tool(.shell, text, arguments: arguments)
  }

  func python(_ text: String, arguments: [String] = []) throws -> ToolCommand {
    try tool(.python, Self.prelude + text, arguments: arguments)
  }

  @discardableResult
  func run(
    _ command: ToolCommand, limits: ToolLimits = ToolLimits(terminationGrace: .milliseconds(200)),
    onMessage: @escaping @Sendable (ToolMessage) async -> Void = { _ in }
  ) async throws(ToolError) -> ToolReport {
    try await runner.run(
      command, limits: limits, runID: runID, logDirectory: logDirectory,
      onStart: { process in self.started.withLock { $0 = process } },
      onMessage: { message in
        self.heard.withLock { $0.append(message) }
        await onMessage(message)
      })
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.appending(name).string))
  }

  func text(of name: String) -> String? {
    FileManager.default.contents(atPath: directory.appending(name).string).map { String(decoding: $0, as: UTF8.self) }
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: directory.appending(name).string)
  }

  func size(of name: String) -> UInt64 {
    let attributes = try? FileManager.default.attributesOfItem(atPath: directory.appending(name).string)
    return attributes?[.size] as? UInt64 ?? 0
  }

  /// What the tool wrote that is not protocol.
  var log: String { text(of: "logs/tool.log") ?? "" }

  /// Living processes that carry this run's identifier, found without the code under test.
  var survivors: [Int32] { Self.processes(marked: runID.rawValue) }

  static func processes(marked runID: String) -> [Int32] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { Int32($0) }.filter { pid in
      guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
      return bytes.split(separator: 0).contains { $0.elementsEqual("STEPWORKS_RUN=\(runID)".utf8) }
    }
  }

  enum Interpreter {
    case shell, python
    var firstLine: String {
      switch self {
      case .shell: "#!/bin/sh\n"
      case .python: "#!/usr/bin/python3 -S\n"
      }
    }
  }

  /// Words for the Python tools: `daemonise(name)` leaves a double-forked process in a session of its own that ignores
  /// SIGTERM, holds the tool's pipes open, and has written its pid to a file before the call returns.
  private static let prelude = """
    import os, signal, sys, time
    def say(text):
        sys.stdout.write(text + "\\n"); sys.stdout.flush()
    def wait_for(name):
        while not os.path.exists(name): time.sleep(0.005)
    def ignore_sigterm():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    def sleep_forever():
        while True: time.sleep(0.05)  # a signal just before a long sleep would wait for its end
    def daemonise(name):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return wait_for(name)
        os.setsid()
        if os.fork(): os._exit(0)
        ignore_sigterm()
        with open(name + ".part", "w") as file: file.write(str(os.getpid()))
        os.rename(name + ".part", name)
        sleep_forever()

    """
}

struct TimedOut: Error, CustomStringConvertible {
  let description: String
}

/// Waits until a condition holds, looking every few milliseconds; gives up with an error after the bound.
func eventually(
  _ what: String, within bound: Duration = .seconds(30), _ condition: () throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + bound
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw TimedOut(description: "not within \(bound): \(what)") }
    try await Task.sleep(for: .milliseconds(5))
  }
}
