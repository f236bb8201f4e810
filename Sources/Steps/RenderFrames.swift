import Artifacts
package import Jobs
import SystemPackage

/// `render_frames`: a run of frames of a turntable, as PNG. `render_turntable` asks for several of these, so that other
/// slots can take some, and a crash costs one frame.
package struct RenderFrames: DerivedStep {
  package static let definition = StepDefinition(
    name: "render_frames", version: 1, queue: "render",
    summary: "Renders some of the frames of a turntable as PNG; render_turntable asks for it.",
    parameters: ParameterSchema(
      MeshSource.parameters + Turntable.parameters
        + [
          Parameter("first", .integer(0...1439), "The first frame, counted from 0.", default: .integer(0)),
          Parameter("count", .integer(1...1440), "How many frames; default: all from the first on."),
        ]
        + RenderParameters.picture(samples: 64, size: 512, sides: 16...4096) + RenderParameters.materials),
    // A crash in one frame of many is not worth giving up the turn for, and each run goes on where the last one ended.
    maxCrashes: 4, retry: RetryPolicy(overrides: [.invalidOutput: .fail]), tools: ["stepworks-render"])

  let environment: StepEnvironment
  let render: RenderEnvironment

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue] {
    try await RenderIngredients(environment: environment, render: render, parameters: parameters).all(of: definition)
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    let chunk = try Self.chunk(context.parameters)
    return try await RenderRun.perform(context, of: definition, in: environment, render) { run, provenance in
      let key = Artifact.derivationKey(of: .object(provenance))
      let partial = try environment.store.openPartial(context.job.id, key: key)
      let made = try await run.run(
        "frames",
        [
          "turntable": Turntable.request(context.parameters, chunk), "frames_directory": .string(partial.string),
        ], provenance: provenance)
      let expected = (chunk.first..<chunk.first + chunk.count).map(Turntable.frameName)
      guard made.outputs.map(\.path) == expected else {
        throw JobFailure(
          .invalidOutput,
          "The tool did not make the frames \(chunk.first)–\(chunk.first + chunk.count - 1) of \(run.model.source).")
      }
      try await BlockingIO.run {
        for name in expected {
          guard FileStatus.exists(partial.appending(name)) else {
            throw JobFailure(.invalidOutput, "The tool named the frame \(name), which is not there.")
          }
          try run.attempt.adopt(partial.appending(name), as: name)
        }
      }
      let width = context.parameters["width"]?.integerValue ?? 0
      let height = context.parameters["height"]?.integerValue ?? 0
      let artifacts = try await made.publish(from: run.attempt, for: context, provenance: .object(provenance)) {
        path, _ in
        try OutputShape.checkPNG(path, width: width, height: height)
      }
      return StepResult(
        result: .object([
          "summary": made.summary, "input_sha256": .string(run.model.glb.digest.sha256),
          "basis_sha256": .string(Artifact.derivationKey(of: .object(try await run.basis()))),
          "artifacts": artifacts.listing(of: made.outputs),
        ]),
        artifacts: artifacts)
    }
  }

  private static func chunk(_ parameters: JSONValue) throws -> Turntable.Chunk {
    let frames = Turntable(parameters).frames
    let first = Int(parameters["first"]?.integerValue ?? 0)
    let count = parameters["count"]?.integerValue.map(Int.init) ?? frames - first
    guard first < frames, first + count <= frames else {
      throw JobFailure(
        .invalidInput,
        "The frames \(first)–\(first + max(count, 1) - 1) are not all among the \(frames) of the turn (0–\(frames - 1))."
      )
    }
    return Turntable.Chunk(first: first, count: count)
  }
}
