package import Jobs

/// `render_thumbnail`: one small picture, soon.
package struct RenderThumbnail: DerivedStep {
  package static let definition = StepDefinition(
    name: "render_thumbnail", version: 1, queue: "render",
    summary: "Renders one small picture of a GLB or STEP file as PNG.",
    parameters: ParameterSchema(
      MeshSource.parameters + RenderParameters.view
        + RenderParameters.picture(samples: 10, size: 256, sides: 16...512) + RenderParameters.materials),
    retry: RenderRun.retry, tools: ["stepworks-render"])

  let environment: StepEnvironment
  let render: RenderEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue] {
    try await RenderIngredients(environment: environment, render: render, parameters: parameters).all(of: definition)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    // EEVEE keeps its state in a driver, which no reset of ours reaches.
    let isWarm = context.parameters["engine"] == .string("cycles")
    return try await RenderPictures(
      environment: environment, render: render, context: context, definition: definition, role: "thumbnail"
    ).run([StandardAngle.view(in: context.parameters)], isWarm: isWarm)
  }
}
