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

  let environment: StepEnvironment
  let context: StepContext
  let definition: StepDefinition

  /// - Parameter operation: its name in the tool's request.
  func run(_ operation: String, check: @escaping ToolOutputs.Check) async throws -> StepResult {
    try await environment.withAttempt(context) { attempt in
      try await run(operation, in: attempt, check: check)
    }
  }

  private func run(
    _ operation: String, in attempt: Attempt, check: @escaping ToolOutputs.Check
  ) async throws -> StepResult {
    let source = context.parameters["source"]?.stringValue ?? ""
    let base = environment.sourceDirectory
    let input = try await BlockingIO.run { try InputSnapshot(of: source, relativeTo: base, into: attempt) }
    var parameters = context.parameters.objectValue ?? [:]
    parameters["source"] = nil
    let provenance = JSONValue.object([
      "step": .string(definition.name.rawValue), "step_version": .integer(Int64(definition.version)),
      "input_sha256": .string(input.digest.sha256), "name": .string(input.outputName),
      "parameters": .object(parameters), "tools": .array([environment.cad.version]),
    ])
    let request = JSONValue.object([
      "operation": .string(operation), "source": .string(input.path.string), "name": .string(input.outputName),
      "source_sha256": .string(input.digest.sha256), "input_semantic_sha256": .string(input.digest.sha256),
      "derivation_key": .string(Artifact.derivationKey(of: provenance)), "parameters": .object(parameters),
    ])
    let requestFile = try attempt.keep(request.text + "\n", as: "request.json")
    let run = ToolRun(
      environment: environment, context: context, name: environment.cad.name, limits: environment.cad.limits,
      logDirectory: attempt.logDirectory)
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
    let outputs = try ToolOutputs(result, of: environment.cad.name)
    let artifacts = try await outputs.publish(from: attempt, provenance: provenance, check: check)
    return StepResult(
      result: .object([
        "summary": outputs.summary, "source_sha256": .string(input.digest.sha256), "artifacts": artifacts.listing,
      ]), artifacts: artifacts)
  }
}
