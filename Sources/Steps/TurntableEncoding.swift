import Artifacts
import Jobs
import SystemPackage
import ToolExecution

/// Makes films, poster and contact sheet of rendered frames, with ffmpeg, and looks at each with ffprobe.
struct TurntableEncoding: Sendable {
  let environment: StepEnvironment
  let encoder: RenderEnvironment.Encoder
  let context: StepContext
  let attempt: Attempt
  let model: MeshSource
  let frames: [RenderedFrame]
  /// What they were rendered on, one for each of the jobs that made them.
  let devices: [JSONValue]
  let provenance: JSONValue

  private static let framesName = "frames"

  func run(preview: JSONValue?) async throws -> StepResult {
    try await linkFrames()
    let key = Artifact.derivationKey(of: provenance)
    let film = Film(
      context.parameters, frames: frames.count, name: model.name, framesDirectory: Self.framesName, comment: key)
    let products = film.products
    var outputs: [ToolOutputs.Output] = []
    for (number, product) in products.enumerated() {
      await context.progress(
        Double(number) / Double(products.count), "encoding \(product.role) (\(number + 1) of \(products.count))")
      await context.phase(.encode)
      _ = try await run(encoder.ffmpeg, product.arguments, part: "encode-\(product.role)")
      await context.phase(.check)
      try await check(product, film)
      outputs.append(product.output)
    }
    outputs.append(try await poster())
    let made = ToolOutputs(outputs: outputs, summary: await summary(film))
    let artifacts = try await made.publish(from: attempt, for: context, provenance: provenance)
    return StepResult(
      result: .object([
        "summary": made.summary, "input_sha256": .string(model.glb.digest.sha256),
        "artifacts": artifacts.listing, "preview": preview?["artifacts"] ?? .null,
        "frames": .array(frames.map { .string($0.path.string) }),
      ]), artifacts: artifacts)
  }

  /// With the device; of several the processor, since it is the one that was not expected.
  private func summary(_ film: Film) async -> JSONValue {
    if Set(devices.map { $0["used"] }).count > 1 {
      await context.log(
        .warning,
        "Some frames of \(model.source) were rendered on a GPU and some on the processor, so the film may flicker; see why in summary.device, mend the GPU and ask again."
      )
    }
    var members = film.summary.objectValue ?? [:]
    members["device"] = devices.first { $0["used"] == .string("cpu") } ?? devices.first ?? .null
    return .object(members)
  }

  /// Under consecutive names, as ffmpeg reads them; each is what its job has published.
  private func linkFrames() async throws {
    try await BlockingIO.run { [attempt, frames] in
      for frame in frames {
        let name = "\(Self.framesName)/\(Turntable.frameName(frame.index))"
        let copy = try attempt.adopt(frame.path, as: name)
        guard (try? FileDigest(of: copy))?.sha256 == frame.sha256 else {
          throw JobFailure(
            .invalidOutput, "\(frame.path) is not the frame that was rendered; delete the file and retry the job.")
        }
      }
    }
  }

  private func poster() async throws -> ToolOutputs.Output {
    let name = "\(model.name)-poster.png"
    guard let first = frames.first else { throw JobFailure(.invalidOutput, "\(model.source) has no frame.") }
    try await BlockingIO.run { [attempt] in _ = try attempt.adopt(first.path, as: name) }
    return ToolOutputs.Output(role: "poster", path: name, mediaType: "image/png", entry: .null)
  }

  private func check(_ product: Film.Product, _ film: Film) async throws {
    let path = attempt.directory.appending(product.output.path)
    switch product.expectation {
    case .film(let stream):
      let text = try await run(
        encoder.ffprobe, MediaProbe.arguments(for: product.output.path), part: "probe-\(product.role)")
      try MediaProbe(text).check(against: stream, frames: film.frames, fps: film.fps, of: product.output.path)
      if product.role == TurntableFormat.mp4.rawValue {
        try await BlockingIO.run { try OutputShape.checkFastStart(path) }
      }
    case .animation(let width, let height):
      try await BlockingIO.run { [frames = film.frames, fps = film.fps] in
        try OutputShape.checkAnimatedWebP(path, width: width, height: height, frames: frames, fps: fps)
      }
    case .picture(let width, let height):
      try await BlockingIO.run { try OutputShape.checkPNG(path, width: width, height: height) }
    }
  }

  private func run(_ tool: Tool, _ arguments: [String], part: String) async throws -> String {
    let run = ToolRun(
      environment: environment, context: context, name: tool.name, limits: tool.limits,
      logDirectory: try attempt.openLogDirectory(part), part: part)
    return try await run.runProgram(
      ToolCommand(executable: tool.executable, arguments: arguments, workingDirectory: attempt.directory))
  }
}
