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

  /// See ``DerivedStep/ingredients(of:)``.
  static func ingredients(
    of definition: StepDefinition, _ parameters: JSONValue, in environment: StepEnvironment
  ) -> [String: JSONValue] {
    definition.ingredients(parameters, tools: [environment.cad.version])
  }

  /// - Parameters:
  ///   - operation: its name in the tool's request.
  ///   - isSemantic: whether the outputs depend only on what the file says, not on how it is written: then two files
  ///     that say the same are the same input.
  func run(
    _ operation: String, isSemantic: Bool = false, check: @escaping ToolOutputs.Check
  ) async throws -> StepResult {
    try await environment.withAttempt(context) { attempt in
      let given = context.parameters["source"]?.stringValue ?? ""
      let base = environment.sourceDirectory
      let (input, digest) = try await BlockingIO.run {
        let input = try InputSnapshot(of: given, relativeTo: base, into: attempt)
        return (input, isSemantic ? try input.semanticDigest() : input.digest.sha256)
      }
      var members = Self.ingredients(of: definition, context.parameters, in: environment)
      members[isSemantic ? "input_semantic_sha256" : "input_sha256"] = .string(digest)
      members["name"] = .string(input.outputName)
      // What is said of the file itself has its whole name.
      if !isSemantic { members["source_name"] = .string(input.path.lastComponent?.string ?? "") }
      let provenance = JSONValue.object(members)
      let own: [String: JSONValue] = ["source_sha256": .string(input.digest.sha256)]
      return try await context.derived(from: provenance, own: own) {
        try await run(operation, on: input, in: attempt, provenance, own, check)
      }
    }
  }

  private func run(
    _ operation: String, on input: InputSnapshot, in attempt: Attempt, _ provenance: JSONValue,
    _ own: [String: JSONValue], _ check: @escaping ToolOutputs.Check
  ) async throws -> StepResult {
    let request = JSONValue.object([
      "operation": .string(operation), "source": .string(input.path.string), "name": .string(input.outputName),
      "source_sha256": provenance["input_sha256"] ?? .string(""),
      "input_semantic_sha256": provenance["input_semantic_sha256"] ?? .string(""),
      "derivation_key": .string(Artifact.derivationKey(of: provenance)),
      "parameters": provenance["parameters"] ?? .object([:]),
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
    let artifacts = try await outputs.publish(from: attempt, for: context, provenance: provenance, check: check)
    return StepResult(
      result: .object(own.merging(["summary": outputs.summary, "artifacts": artifacts.listing]) { $1 }),
      artifacts: artifacts)
  }
}
