import Artifacts
package import Jobs
import SystemPackage
import ToolExecution

/// `export_usd`: the mesh of a GLB or STEP file as OpenUSD.
package struct ExportUSD: DerivedStep {
  /// What `formats` may name, and the roles of what is made, in the order in which the tool makes them.
  private static let roles = [("usdc", "usd"), ("usdz", "usdz"), ("usda", "usda")]

  package static let definition = StepDefinition(
    name: "export_usd", version: 1, queue: "cad",
    summary: "Writes a GLB or STEP file as OpenUSD: part tree, instances, names and colours kept; metres, +Y up.",
    parameters: ParameterSchema(
      MeshSource.parameters + [
        Parameter(
          "formats", .list(of: roles.map(\.0), count: 1...3),
          "usdc: the master; usdz: packed for AR Quick Look; usda: as text.", default: .array([.string("usdc")])),
        Parameter(
          "on_deviation", .choice(["warn", "fail"]),
          "What a difference between what the GLB and what the USD shows does.", default: .string("warn")),
      ]),
    // Equal input fails equally, save for what a full machine does.
    retry: RetryPolicy(overrides: [.timedOut: .fail, .stalled: .fail, .outOfMemory: .fail, .invalidOutput: .fail]),
    tools: ["stepworks-usd"])

  let environment: StepEnvironment
  let tool: Tool

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) -> [String: JSONValue] {
    var members = parameters.objectValue ?? [:]
    members["formats"] = .array(Self.wanted(parameters).map { .string($0.format) })
    // The preset determines the mesh, whose digest says more.
    return definition.ingredients(.object(members), inputs: ["source", "preset"], tools: [tool.version])
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    try await environment.withAttempt(context) { attempt in
      let model = try await MeshSource(for: context, in: environment, into: attempt)
      var members = ingredients(of: context.parameters)
      members["input_sha256"] = .string(model.glb.digest.sha256)
      members["name"] = .string(model.name)
      // The report names it.
      members["source_name"] = .string(model.source.lastComponent?.string ?? model.name)
      let provenance = JSONValue.object(members)
      return try await context.derived(from: provenance) {
        try await make(model, in: attempt, provenance, context)
      }
    }
  }

  /// The formats that are asked for, in the order of ``roles``: asking for them in another order is the same wish.
  private static func wanted(_ parameters: JSONValue) -> [(format: String, role: String)] {
    let names = parameters["formats"]?.arrayValue?.compactMap(\.stringValue) ?? []
    return roles.filter { names.contains($0.0) }.map { (format: $0.0, role: $0.1) }
  }

  private func make(
    _ model: MeshSource, in attempt: Attempt, _ provenance: JSONValue, _ context: StepContext
  ) async throws -> StepResult {
    let request = JSONValue.object([
      "operation": .string("export_usd"), "model": .string(model.glb.path.string),
      "model_name": provenance["source_name"] ?? .string(model.name), "name": .string(model.name),
      "derivation_key": .string(Artifact.derivationKey(of: provenance)),
      "input_sha256": .string(model.glb.digest.sha256),
      "formats": provenance["parameters"]?["formats"] ?? .array([]),
      "on_deviation": context.parameters["on_deviation"] ?? .string("warn"),
    ])
    let requestFile = try attempt.keep(request.text + "\n", as: "request.json")
    let run = ToolRun(
      environment: environment, context: context, name: tool.name, limits: tool.limits,
      logDirectory: attempt.logDirectory)
    let result = try await run.run(
      ToolCommand(
        executable: tool.executable, arguments: [requestFile.string], workingDirectory: attempt.directory))
    let outputs = try ToolOutputs(result, of: tool.name)
    let roles = Self.wanted(context.parameters).map(\.role) + ["report"]
    guard outputs.outputs.map(\.role) == roles else {
      let made = outputs.outputs.map(\.role).joined(separator: ", ")
      throw JobFailure(.invalidOutput, "\(tool.name) made \(made) where \(roles.joined(separator: ", ")) are wanted.")
    }
    let artifacts = try await outputs.publish(from: attempt, for: context, provenance: provenance) { path, output in
      switch output.role {
      case "usd": try OutputShape.checkUSDC(path)
      case "usdz": try OutputShape.checkUSDZ(path)
      case "usda": try OutputShape.checkUSDA(path)
      default: try OutputShape.checkJSONObject(path)
      }
    }
    return StepResult(
      result: .object([
        "summary": outputs.summary, "input_sha256": .string(model.glb.digest.sha256), "artifacts": artifacts.listing,
      ]), artifacts: artifacts)
  }
}
