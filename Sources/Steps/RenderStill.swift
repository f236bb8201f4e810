package import Jobs

/// `render_still`: catalogue pictures, from one angle or from several in one process.
package struct RenderStill: DerivedStep {
  package static let definition = StepDefinition(
    name: "render_still", version: 1, queue: "render",
    summary: "Renders pictures of a GLB or STEP file as PNG: any size, one angle or several in one job.",
    parameters: ParameterSchema(
      MeshSource.parameters + RenderParameters.view
        + [
          Parameter(
            "angles", .list(of: StandardAngle.allCases.map(\.rawValue), count: 1...6),
            "Several angles in one job, a picture each; overrides angle, azimuth_degrees and elevation_degrees.")
        ]
        + RenderParameters.picture(samples: 256, size: 1024, sides: 16...8192) + RenderParameters.materials),
    retry: RenderRun.retry, tools: ["stepworks-render"])

  let environment: StepEnvironment
  let render: RenderEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue] {
    try await RenderIngredients(environment: environment, render: render, parameters: parameters).all(of: definition)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    let angles = (context.parameters["angles"]?.arrayValue ?? []).compactMap(\.stringValue)
      .compactMap(StandardAngle.init(rawValue:))
    let views = angles.isEmpty ? [StandardAngle.view(in: context.parameters)] : angles.map(\.view)
    return try await RenderPictures(
      environment: environment, render: render, context: context, definition: definition, role: "still"
    ).run(views, isWarm: false)
  }
}
