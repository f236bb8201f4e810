package import Jobs

/// `export_glb`: a STEP file as a binary glTF for the web.
package struct ExportGLB: DerivedStep {
  package static let definition = StepDefinition(
    name: "export_glb", version: 3, queue: "cad",
    summary: "Tessellates a STEP file into a GLB: part tree, instances, names and colours kept; metres, +Y up.",
    parameters: ParameterSchema([
      CADRun.source,
      Parameter(
        "preset", .choice(["preview", "production", "hero"]),
        "How fine the mesh is, relative to the size of the model.", default: .string("production")),
      Parameter(
        "chord_mm", .number(0.0001...1000),
        "Largest distance between mesh and surface in mm (at most 1/20 of the diagonal); overrides the preset."),
      Parameter(
        "angle_degrees", .number(1...90),
        "Largest angle between neighbouring facets in degrees; overrides the preset."),
      Parameter(
        "triangle_budget", .integer(1...100_000_000),
        "Most triangles the scene may draw; the mesh is made coarser until it holds."),
      Parameter(
        "byte_budget", .integer(1...4_294_967_295),
        "Most bytes the file may have; the mesh is made coarser until it holds."),
      Parameter(
        "variant", .choice(["none", "meshopt"]),
        "Also a compressed GLB (EXT_meshopt_compression), decoded and compared with the other.",
        default: .string("none")),
      Parameter(
        "on_deviation", .choice(["warn", "fail"]),
        "What a difference beyond its tolerance between the file's declared values, its surfaces, the mesh and the GLB does.",
        default: .string("warn")),
    ]), retry: CADRun.retry, tools: ["stepworks-cad"])

  let environment: StepEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) -> [String: JSONValue] {
    CADRun.ingredients(of: definition, parameters, in: environment)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    try await CADRun(environment: environment, context: context, definition: definition)
      .run("export_glb", isSemantic: true) { path, output in
        switch output.role {
        case "glb", "glb_meshopt": try OutputShape.checkGLB(path)
        case "report": try OutputShape.checkJSONObject(path)
        default: break
        }
      }
  }
}
