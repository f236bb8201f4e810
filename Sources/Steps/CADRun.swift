import Artifacts
import Jobs
import SystemPackage
import ToolExecution

/// What the steps on `stepworks-cad` have in common: snapshot the source, run one operation, check and publish what it
/// made.
struct CADRun: Sendable {
  static let source = Parameter(
    "source", .string,
    "The STEP file: an absolute path, or one relative to the directory of the database.", required: true)

  /// A kernel that crashes or hangs does so again on the same file: one more try for the machine's sake, no third.
  static let retry = RetryPolicy(overrides: [.timedOut: .fail, .stalled: .fail, .outOfMemory: .fail])

  /// Looks at an output, given its path and role, before anything is published.
  typealias Check = @Sendable (FilePath, String) throws -> Void

  let environment: StepEnvironment
  let context: StepContext
  let definition: StepDefinition

  /// - Parameter operation: its name in the tool's request.
  func run(_ operation: String, check: @escaping Check) async throws -> StepResult {
    let attempt = try openAttempt()
    do {
      let result = try await run(operation, in: attempt, check: check)
      try attempt.discard()
      return result
    } catch {
      // The first error is the one to tell; what is left is swept later.
      try? attempt.discard()
      throw error
    }
  }

  private func openAttempt() throws -> Attempt {
    do {
      return try environment.store.openAttempt(context.job.token)
    } catch let error as StoreError {
      throw error.asStepError
    }
  }

  private func run(
    _ operation: String, in attempt: Attempt, check: @escaping Check
  ) async throws -> StepResult {
    let source = context.parameters["source"]?.stringValue ?? ""
    let base = environment.sourceDirectory
    let input = try await BlockingIO.run { try InputSnapshot(of: source, relativeTo: base, into: attempt) }
    var parameters = context.parameters.objectValue ?? [:]
    parameters["source"] = nil
    let provenance = JSONValue.object([
      "step": .string(definition.name.rawValue), "step_version": .integer(Int64(definition.version)),
      "input_sha256": .string(input.digest.sha256), "name": .string(name(of: input)),
      "parameters": .object(parameters), "tools": .array([environment.cad.version]),
    ])
    let request = JSONValue.object([
      "operation": .string(operation), "source": .string(input.path.string), "name": .string(name(of: input)),
      "source_sha256": .string(input.digest.sha256),
      "derivation_key": .string(Artifact.derivationKey(of: provenance)), "parameters": .object(parameters),
    ])
    let requestFile = try attempt.keep(request.text + "\n", as: "request.json")
    let run = ToolRun(
      environment: environment, context: context, attempt: attempt, name: environment.cad.name,
      limits: environment.cad.limits)
    let result: JSONValue
    do {
      result = try await run.run(
        ToolCommand(
          executable: environment.cad.executable, arguments: [requestFile.string],
          workingDirectory: attempt.directory))
    } catch var failure as JobFailure {
      // The tool knows only its private copy; people know their own file.
      failure.message = failure.message.replacing(input.path.string, with: input.source.string)
      throw failure
    }
    return try await publish(result, from: attempt, provenance, check: check)
  }

  private func publish(
    _ result: JSONValue, from attempt: Attempt, _ provenance: JSONValue, check: @escaping Check
  ) async throws -> StepResult {
    guard let outputs = result["outputs"]?.arrayValue, !outputs.isEmpty else {
      throw JobFailure(.invalidOutput, "\(environment.cad.name) said that it was done but named no output.")
    }
    let named = try outputs.map { output in
      guard let role = output["role"]?.stringValue, let path = output["path"]?.stringValue,
        let mediaType = output["media_type"]?.stringValue
      else { throw JobFailure(.invalidOutput, "\(environment.cad.name) named an output without role, path or type.") }
      return (role: role, path: path, mediaType: mediaType)
    }
    let artifacts = try await BlockingIO.run {
      // All are checked before the first is published.
      for output in named { try check(attempt.directory.appending(output.path), output.role) }
      return try named.map { output in
        try attempt.publish(output.path, role: output.role, mediaType: output.mediaType, provenance: provenance)
      }
    }
    return StepResult(
      result: .object([
        "summary": result["summary"] ?? .object([:]),
        "artifacts": .array(
          artifacts.map { artifact in
            .object([
              "role": .string(artifact.role), "path": .string(artifact.path), "bytes": .integer(artifact.bytes),
              "sha256": .string(artifact.sha256),
            ])
          }),
      ]), artifacts: artifacts)
  }

  /// The source's own name, as far as the tool takes it for its outputs: at most 100 bytes, no control characters, no
  /// leading dot.
  private func name(of input: InputSnapshot) -> String {
    var name = ""
    for character in input.source.stem ?? ""
    where !character.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      if name.isEmpty, character == "." { continue }
      guard name.utf8.count + character.utf8.count <= 100 else { break }
      name.append(character)
    }
    return name.isEmpty ? "part" : name
  }
}
