package import Jobs

/// `deliver`: the artifacts of other jobs, in a directory that people and programs read.
package struct Deliver: Step {
  package static let definition = StepDefinition(
    name: "deliver", version: 1, queue: "default",
    summary: "Puts the artifacts of the jobs that it waits for into a directory, under names made by a template.",
    parameters: ParameterSchema([
      Parameter(
        "directory", .string,
        "Where to: under one of the directories that deliver.roots names; a relative path starts at the first.",
        required: true),
      Parameter(
        "template", .string, "Where each file goes in it; stepworks artifacts export --help lists the variables.",
        default: .string("{source}/{name}")),
      Parameter("roles", .list(of: nil, count: 1...50), "Only artifacts of these roles; default: all."),
      Parameter(
        "manifest", .string,
        "The name of the list of all files, which is written last into the deepest directory that they share; a template too.",
        default: .string("delivery.json")),
    ]),
    // What it delivers is said by what it waits for, which an insert does not know yet.
    dedup: .none)

  let environment: StepEnvironment

  package var definition: StepDefinition { Self.definition }

  package func run(_ context: StepContext) async throws -> StepResult {
    let root = try DeliveryRoot(
      of: context.parameters["directory"]?.stringValue ?? "", for: context.job.tenant,
      among: environment.deliveryRoots)
    let wanted = try DeliveredFile.all(
      of: try await context.dependencies(), for: context, in: environment.store)
    return try await Delivery(environment: environment, context: context, root: root, wanted: wanted).run()
  }
}
