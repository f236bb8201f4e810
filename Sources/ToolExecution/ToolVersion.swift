package import FoundationEssentials
package import SystemPackage

extension ToolRunner {
  /// How long a tool may take to say its version.
  private static let versionPatience: Duration = .seconds(20)

  /// What `TOOL --version` prints, as its first line: by convention one JSON object.
  ///
  /// It proves more than a look at the file: a tool whose libraries are missing fails here, before it has a job.
  /// - Parameter scratch: an existing directory for the short-lived files of the run.
  /// - Throws: ``ToolError``.
  package func version(of executable: FilePath, scratch: FilePath) async throws(ToolError) -> Data {
    var generator = SystemRandomNumberGenerator()
    let runID = ToolRunID(using: &generator)
    let directory = scratch.appending("version-\(runID)")
    do {
      try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    } catch {
      throw .logDirectoryUnusable(directory, reason: "\(error)")
    }
    defer { try? FileManager.default.removeItem(atPath: directory.string) }  // a leftover harms nobody
    let report = try await run(
      ToolCommand(executable: executable, arguments: ["--version"], workingDirectory: directory),
      limits: ToolLimits(wallClock: Self.versionPatience, silence: nil), runID: runID, logDirectory: directory,
      onStart: { _ in }, onMessage: { _ in })
    if let failure = report.failure() {
      let log = report.logTail.isEmpty ? "" : " It said: \(report.logTail)"
      throw .missingTool(executable, reason: "it cannot say its version. \(failure.sentence)\(log)")
    }
    let output = FileManager.default.contents(atPath: directory.appending("messages.jsonl").string) ?? Data()
    return Data(output.prefix { $0 != UInt8(ascii: "\n") })
  }
}
