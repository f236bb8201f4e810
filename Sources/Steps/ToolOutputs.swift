import Artifacts
import Jobs
import SystemPackage

/// The files that a tool's result names: `{"outputs":[{"role":…,"path":…,"media_type":…}],"summary":{…}}`.
struct ToolOutputs: Sendable {
  struct Output: Sendable {
    var role: String
    /// Relative to the directory of the attempt.
    var path: String
    var mediaType: String
    /// The whole entry, with what the operation says besides.
    var entry: JSONValue
  }

  /// Looks at an output, given where it is, before anything is published.
  typealias Check = @Sendable (FilePath, Output) throws -> Void

  var outputs: [Output]
  let summary: JSONValue

  /// - Throws: ``JobFailure`` of class `invalid_output` when the result is not what a tool has to say.
  init(_ result: JSONValue, of tool: String) throws {
    guard let entries = result["outputs"]?.arrayValue, !entries.isEmpty else {
      throw JobFailure(.invalidOutput, "\(tool) said that it was done but named no output.")
    }
    outputs = try entries.map { entry in
      guard let role = entry["role"]?.stringValue, let path = entry["path"]?.stringValue,
        let mediaType = entry["media_type"]?.stringValue
      else { throw JobFailure(.invalidOutput, "\(tool) named an output without role, path or type.") }
      return Output(role: role, path: path, mediaType: mediaType, entry: entry)
    }
    summary = result["summary"] ?? .object([:])
  }

  init(outputs: [Output], summary: JSONValue) {
    self.outputs = outputs
    self.summary = summary
  }

  /// Checks all, then publishes all.
  /// - Parameter provenance: what determines them; one derivation makes them all, and their names tell them apart.
  func publish(
    from attempt: Attempt, for context: StepContext, provenance: JSONValue, check: @escaping Check = { _, _ in }
  ) async throws -> [Artifact] {
    await context.phase(.check)
    try await BlockingIO.run { [outputs] in
      for output in outputs { try check(attempt.directory.appending(output.path), output) }
    }
    await context.phase(.publish)
    return try await BlockingIO.run { [outputs] in
      try outputs.map { output in
        try attempt.publish(output.path, role: output.role, mediaType: output.mediaType, provenance: provenance)
      }
    }
  }
}

extension [Artifact] {
  /// How a job's result tells of them, in `result.artifacts`.
  var listing: JSONValue { .array(map { .object($0.entry) }) }

  /// The same, with what the tool said of each besides: which view, which frame.
  func listing(of outputs: [ToolOutputs.Output]) -> JSONValue {
    .array(
      zip(self, outputs).map { artifact, output in
        var members = artifact.entry
        for name in ["view", "frame"] { members[name] = output.entry[name] }
        return .object(members)
      })
  }
}

extension Artifact {
  fileprivate var entry: [String: JSONValue] {
    ["role": .string(role), "path": .string(path), "bytes": .integer(bytes), "sha256": .string(sha256)]
  }
}
