import Jobs
import SystemPackage
import ToolExecution

extension ToolRunner {
  /// The JSON object that a tool prints when it is asked for its version or the like.
  /// - Throws: `ToolError`.
  func document(of executable: FilePath, _ argument: String, scratch: FilePath) async throws -> JSONValue {
    let answer = try await ask(executable, argument, scratch: scratch)
    guard let document = try? JSONValue(parsing: answer.document), document.objectValue != nil else {
      throw ToolError.missingTool(
        executable, reason: "its answer to \(argument) is not the JSON line of a tool of Stepworks")
    }
    return document
  }
}
