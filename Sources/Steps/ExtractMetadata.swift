package import Jobs

/// `extract_metadata`: what a STEP file holds, as one JSON document.
package struct ExtractMetadata: DerivedStep {
  package static let definition = StepDefinition(
    name: "extract_metadata", version: 1, queue: "cad",
    summary: "Reads a STEP file: header, units, product tree, sizes, colours, properties, as one JSON document.",
    parameters: ParameterSchema([
      CADRun.source,
      Parameter(
        "density_kg_m3", .number(0.001...100_000),
        "Density in kg/m³; with it the document also gives masses."),
    ]), retry: CADRun.retry, tools: ["stepworks-cad"])

  let environment: StepEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) -> [String: JSONValue] {
    CADRun.ingredients(of: definition, parameters, in: environment)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    try await CADRun(environment: environment, context: context, definition: definition)
      .run("extract_metadata") { path, output in
        if output.role == "metadata" { try OutputShape.checkJSONObject(path) }
      }
  }
}
