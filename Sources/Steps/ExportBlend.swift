import Artifacts
package import Jobs

/// `export_blend`: the scene that the pictures are made from, to go on with by hand in Blender.
package struct ExportBlend: DerivedStep {
  package static let definition = StepDefinition(
    name: "export_blend", version: 1, queue: "render",
    summary: "Packs a GLB or STEP file with materials, light and camera into one .blend file.",
    parameters: ParameterSchema(
      MeshSource.parameters + RenderParameters.view
        + RenderParameters.picture(samples: 256, size: 1024, sides: 16...8192) + RenderParameters.materials),
    retry: RenderRun.retry, tools: ["stepworks-render"])

  let environment: StepEnvironment
  let render: RenderEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue] {
    try await RenderIngredients(environment: environment, render: render, parameters: parameters).all(of: definition)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    try await RenderRun.perform(context, of: definition, in: environment, render) { run, provenance in
      let made = try await run.run(
        "blend", ["views": .array([StandardAngle.view(in: context.parameters)])], provenance: provenance)
      let artifacts = try await made.publish(from: run.attempt, for: context, provenance: .object(provenance)) {
        path, _ in
        try OutputShape.checkBlend(path)
      }
      return StepResult(
        result: .object([
          "summary": made.summary, "input_sha256": .string(run.model.glb.digest.sha256), "artifacts": artifacts.listing,
        ]), artifacts: artifacts)
    }
  }
}
