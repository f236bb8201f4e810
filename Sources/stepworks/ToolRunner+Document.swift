import Jobs
import Steps
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

  /// A tool of ours that does not come with stepworks.
  /// - Parameters:
  ///   - place: `nil`: `key` is off.
  ///   - library: what it is built on; its version has a member of that name.
  /// - Throws: `ToolError` when it is not to be had or can't say its version.
  func tool(
    _ name: String, at place: Settings.ToolPlace?, key: SettingKey, on library: String, limits: ToolLimits,
    scratch: FilePath
  ) async throws -> Tool {
    guard let place else { throw ToolError.missingTool(FilePath(name), reason: "\(key.name) is off") }
    let path = try place.path
    let version = try await document(of: path, "--version", scratch: scratch)
    guard version[library]?.stringValue != nil else {
      throw ToolError.missingTool(path, reason: "its --version is not the JSON line that \(name) prints")
    }
    return Tool(name: name, executable: path, limits: limits, version: version)
  }
}

extension Settings.ToolPlace {
  /// - Throws: `ToolError` when it was looked for in vain.
  var path: FilePath {
    get throws {
      switch self {
      case .at(let path): return path
      case .notFound(let name):
        throw ToolError.missingTool(
          FilePath(name), reason: "it is neither beside stepworks nor on PATH; scripts/setup installs it")
      }
    }
  }
}
