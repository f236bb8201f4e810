import Artifacts
import Jobs

/// A run that makes one picture per view: thumbnails and stills.
struct RenderPictures: Sendable {
  let environment: StepEnvironment
  let render: RenderEnvironment
  let context: StepContext
  let definition: StepDefinition
  /// What the pictures are to the job: `thumbnail`, `still`.
  let role: String

  /// - Parameters:
  ///   - views: name, azimuth and elevation of each picture.
  ///   - isWarm: whether a process that has served others may serve this.
  func run(_ views: [JSONValue], isWarm: Bool) async throws -> StepResult {
    try await RenderRun.perform(context, of: definition, in: environment, render) { run, provenance in
      var made = try await run.run(
        "stills", ["views": .array(views)], provenance: provenance, isWarm: isWarm)
      for index in made.outputs.indices { made.outputs[index].role = role }
      guard made.outputs.count == views.count else {
        throw JobFailure(
          .invalidOutput,
          "The tool made \(made.outputs.count) pictures of \(run.model.source) where \(views.count) were asked for.")
      }
      let artifacts = try await made.publish(
        from: run.attempt, for: context, provenance: .object(provenance), check: pictureCheck)
      return StepResult(
        result: .object([
          "summary": made.summary, "input_sha256": .string(run.model.glb.digest.sha256),
          "artifacts": artifacts.listing(of: made.outputs),
        ]),
        artifacts: artifacts)
    }
  }

  private var pictureCheck: ToolOutputs.Check {
    let width = context.parameters["width"]?.integerValue ?? 0
    let height = context.parameters["height"]?.integerValue ?? 0
    return { path, _ in try OutputShape.checkPNG(path, width: width, height: height) }
  }
}
