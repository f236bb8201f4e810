package import SystemPackage

/// What is to be run: a program, its arguments, and the whole environment it will see.
package struct ToolCommand: Sendable, Hashable {
  /// An absolute path. `PATH` is never searched, so that what runs is what was checked.
  package var executable: FilePath
  /// Without the program's name.
  package var arguments: [String]
  /// Exactly what the tool sees, and ``ToolRunID/environmentVariable`` besides. Nothing of the daemon's own
  /// environment is passed on.
  package var environment: [String: String]
  /// An absolute path to a directory that exists; the tool starts in it.
  package var workingDirectory: FilePath

  /// - Parameter environment: the whole environment; nil gives ``minimalEnvironment(workingDirectory:)``.
  package init(
    executable: FilePath, arguments: [String] = [], workingDirectory: FilePath, environment: [String: String]? = nil
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment ?? Self.minimalEnvironment(workingDirectory: workingDirectory)
    self.workingDirectory = workingDirectory
  }

  /// What a program may count on: `PATH=/usr/bin:/bin`, `LANG=C.UTF-8`, and `HOME` and `TMPDIR` in the working
  /// directory, so that caches and temporary files go when the attempt goes.
  package static func minimalEnvironment(workingDirectory: FilePath) -> [String: String] {
    [
      "PATH": "/usr/bin:/bin",
      "LANG": "C.UTF-8",
      "HOME": workingDirectory.string,
      "TMPDIR": workingDirectory.string,
    ]
  }
}
