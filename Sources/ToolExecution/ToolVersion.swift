package import FoundationEssentials
import Glibc
package import SystemPackage

extension ToolRunner {
  /// How long a tool may take to say what it is.
  private static let answerPatience: Duration = .seconds(60)

  /// What a tool says of itself.
  package struct Answer: Sendable {
    /// The first JSON object it printed; empty when there is none.
    package var document: Data
    /// The first line of everything else.
    package var line: String
  }

  /// What `TOOL --version` or the like prints.
  ///
  /// It proves more than a look at the file: a tool whose libraries are missing fails here, before it has a job.
  /// - Parameter scratch: an existing directory for the short-lived files of the run.
  /// - Throws: ``ToolError``.
  package func ask(_ executable: FilePath, _ argument: String, scratch: FilePath) async throws(ToolError) -> Answer {
    var generator = SystemRandomNumberGenerator()
    let runID = ToolRunID(using: &generator)
    let directory = scratch.appending("version-\(runID)")
    guard mkdir(directory.string, 0o755) == 0 else {
      throw .logDirectoryUnusable(directory, reason: "\(Errno(rawValue: errno))")
    }
    defer { try? FileManager.default.removeItem(atPath: directory.string) }  // a leftover harms nobody
    let report = try await run(
      ToolCommand(executable: executable, arguments: [argument], workingDirectory: directory),
      limits: ToolLimits(wallClock: Self.answerPatience, silence: nil), runID: runID, logDirectory: directory,
      onStart: { _ in }, onMessage: { _ in })
    if let failure = report.failure() {
      let log = report.logTail.isEmpty ? "" : " It said: \(report.logTail)"
      throw .missingTool(executable, reason: "it cannot answer \(argument). \(failure.sentence)\(log)")
    }
    let output = FileManager.default.contents(atPath: directory.appending("messages.jsonl").string) ?? Data()
    return Answer(
      document: Data(output.prefix { $0 != UInt8(ascii: "\n") }), line: String(report.logTail.prefix { $0 != "\n" }))
  }
}
