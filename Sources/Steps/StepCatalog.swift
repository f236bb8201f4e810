package import Jobs

/// Every step there is. A new step is a file of its own and one line in each list here.
package enum StepCatalog {
  package static let definitions: [StepDefinition] = [
    Deliver.definition,
    ExportBlend.definition,
    ExportGLB.definition,
    ExportUSD.definition,
    ExtractMetadata.definition,
    Ping.definition,
    RenderFrames.definition,
    RenderStill.definition,
    RenderThumbnail.definition,
    RenderTurntable.definition,
  ]

  package static func steps(in environment: StepEnvironment) -> [any Step] {
    [
      Deliver(environment: environment),
      ExportGLB(environment: environment),
      ExtractMetadata(environment: environment),
      Ping(environment: environment),
    ] + (environment.usd.map { [ExportUSD(environment: environment, tool: $0)] } ?? [])
      + (environment.render.map { renderSteps(in: environment, $0) } ?? [])
  }

  private static func renderSteps(in environment: StepEnvironment, _ render: RenderEnvironment) -> [any Step] {
    let steps: [any Step] = [
      ExportBlend(environment: environment, render: render),
      RenderFrames(environment: environment, render: render),
      RenderStill(environment: environment, render: render),
      RenderThumbnail(environment: environment, render: render),
    ]
    guard let encoder = render.encoder else { return steps }
    return steps + [RenderTurntable(environment: environment, render: render, encoder: encoder)]
  }
}
