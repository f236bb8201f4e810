package import Jobs

/// Every step there is. A new step is a file of its own and one line in each list here.
package enum StepCatalog {
  package static let definitions: [StepDefinition] = [
    ExportGLB.definition,
    ExtractMetadata.definition,
    Ping.definition,
  ]

  package static func steps(in environment: StepEnvironment) -> [any Step] {
    [
      ExportGLB(environment: environment),
      ExtractMetadata(environment: environment),
      Ping(environment: environment),
    ]
  }
}
