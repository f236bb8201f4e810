import FoundationEssentials
package import SystemPackage

/// What a warm process runs; requests of equal commands and limits share processes.
package struct WarmCommand: Sendable, Hashable {
  /// An absolute path.
  package var executable: FilePath
  /// Without the program's name.
  package var arguments: [String]
  /// What the tool sees beside ``ToolCommand/minimalEnvironment(workingDirectory:)``; `HOME` and `TMPDIR` are in a
  /// directory that lives as long as the process.
  package var environment: [String: String]

  package init(executable: FilePath, arguments: [String], environment: [String: String] = [:]) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
  }

  var name: String { executable.lastComponent?.string ?? executable.string }

  func command(in directory: FilePath) -> ToolCommand {
    let all = ToolCommand.minimalEnvironment(workingDirectory: directory).merging(environment) { $1 }
    return ToolCommand(
      executable: executable, arguments: arguments, workingDirectory: directory, environment: all)
  }
}

/// One piece of work for a warm process.
package struct WarmRequest: Sendable, Hashable {
  /// The file that says what is to be done; absolute.
  package var request: FilePath
  /// Where the tool shall work and leave its files; absolute.
  package var directory: FilePath
  /// An existing directory for the logs of the process, if the request ends with it. Nil leaves them in the pool's
  /// directory, and the report's sentence says where.
  package var logDirectory: FilePath?

  package init(request: FilePath, directory: FilePath, logDirectory: FilePath? = nil) {
    self.request = request
    self.directory = directory
    self.logDirectory = logDirectory
  }

  /// What the tool reads on its standard input: one JSON object, and the end of the line.
  func line() throws(ToolError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let members = ["request": request.string, "directory": directory.string]
    guard let line = try? encoder.encode(members), line.count < SupervisorControl.longestLine else {
      throw .invalidCommand(
        "The request \(request) can't be handed over: with its directory its path is longer than "
          + "\(SupervisorControl.longestLine) bytes.")
    }
    return Array(line) + [UInt8(ascii: "\n")]
  }
}
