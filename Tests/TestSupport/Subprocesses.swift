import Foundation

/// What another program said, and how it ended.
package struct ProgramResult: Sendable, Equatable {
  package var status: Int32
  package var output: String
  package var errors: String
}

/// Another program that runs beside the test and talks with it line by line.
package final class Program: @unchecked Sendable {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let errors: FileHandle
  private let errorPath: String
  private var unread = Data()

  /// - Parameter arguments: the program, searched in PATH, and its arguments.
  package init(_ arguments: [String]) throws {
    errorPath = NSTemporaryDirectory() + "stepworks-test-errors-\(UUID().uuidString)"
    // A file, not a pipe: a program that complains a lot must not wait for somebody to read it.
    _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
    errors = try FileHandle(forUpdating: URL(fileURLWithPath: errorPath))
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit {
    if process.isRunning { kill(SIGKILL) }
    try? FileManager.default.removeItem(atPath: errorPath)
  }

  package var pid: Int32 { process.processIdentifier }

  package func kill(_ signal: Int32) { Foundation.kill(pid, signal) }

  package func send(_ line: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// The next line of its standard output; `nil` at the end.
  package func readLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: 0x0A) {
        let line = String(decoding: unread[..<end], as: UTF8.self)
        unread = Data(unread[(end + 1)...])
        return line
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      unread.append(more)
    }
  }

  /// Closes its standard input and waits for its end.
  package func finish() throws -> ProgramResult {
    try input.fileHandleForWriting.close()
    unread.append(try output.fileHandleForReading.readToEnd() ?? Data())
    process.waitUntilExit()
    let errors = try String(contentsOfFile: errorPath, encoding: .utf8)
    return ProgramResult(
      status: process.terminationStatus, output: String(decoding: unread, as: UTF8.self), errors: errors)
  }

  /// Runs a program to its end.
  package static func run(_ arguments: [String], input: String = "") throws -> ProgramResult {
    let program = try Program(arguments)
    if !input.isEmpty { try program.send(input) }
    return try program.finish()
  }

  /// Runs a Python script, with `arguments` in `sys.argv`.
  package static func python(_ script: String, _ arguments: [String] = []) throws -> Program {
    try Program(["python3", "-u", "-c", script] + arguments)
  }
}
