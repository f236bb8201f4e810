import Artifacts
package import Jobs
import SystemPackage

/// `render_turntable`: one turn of the part as H.264, VP9 and animated WebP, with a poster and a contact sheet.
///
/// It runs three times at most: to have a mesh made of a STEP source, to have the frames rendered by jobs of their own,
/// and to encode them. In between it holds no slot.
package struct RenderTurntable: DerivedStep {
  package static let definition = StepDefinition(
    name: "render_turntable", version: 1, queue: "render",
    summary: "Renders one turn of a GLB or STEP file as MP4, WebM and WebP, with poster and contact sheet.",
    parameters: ParameterSchema(
      MeshSource.parameters + Turntable.parameters
        + [
          Parameter("fps", .integer(1...120), "Frames a second.", default: .integer(24)),
          Parameter(
            "formats", .list(of: TurntableFormat.allCases.map(\.rawValue), count: 1...3),
            "mp4: H.264, on white; webm: VP9 and webp: animated WebP, both with alpha.",
            default: .array(TurntableFormat.allCases.map { .string($0.rawValue) })),
          Parameter(
            "chunk_frames", .integer(0...1440), "Frames that one job renders; 0: an eighth of the turn, at least 6.",
            default: .integer(0)),
          Parameter(
            "preview", .boolean, "Whether a coarse turn is made first, to look at while the frames are rendered.",
            default: .bool(true)),
        ]
        + RenderParameters.picture(samples: 64, size: 512, sides: 16...4096) + RenderParameters.materials),
    retry: RenderRun.retry, tools: ["stepworks-render", "ffmpeg"])

  let environment: StepEnvironment
  let render: RenderEnvironment
  let encoder: RenderEnvironment.Encoder

  package var definition: StepDefinition { Self.definition }

  package func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue] {
    let members = try await RenderIngredients(environment: environment, render: render, parameters: parameters)
      .all(of: definition)
    return withEncoder(members)
  }

  private func withEncoder(_ members: [String: JSONValue]) -> [String: JSONValue] {
    var members = members
    members["tools"] = .array((members["tools"]?.arrayValue ?? []) + [encoder.ffmpeg.version])
    return members
  }

  package func run(_ context: StepContext) async throws -> StepResult {
    try RenderParameters.check(context.parameters, of: definition.name)
    return try await environment.withAttempt(context) { attempt in
      let model = try await MeshSource(for: context, in: environment, into: attempt)
      let run = RenderRun(
        environment: environment, render: render, context: context, definition: definition, attempt: attempt,
        model: model)
      let provenance = JSONValue.object(withEncoder(try await run.provenance()))
      return try await context.derived(from: provenance, refusing: run.misfit) {
        let work = TurntableWork(context: context, model: model)
        let basis = Artifact.derivationKey(of: .object(try await run.basis()))
        let found = TurntableFrames(of: work, basis: basis, among: try await context.dependencies())
        guard found.missing.isEmpty else { throw work.request(found) }
        return try await TurntableEncoding(
          environment: environment, encoder: encoder, context: context, attempt: attempt, model: model,
          frames: found.frames, devices: found.devices, provenance: provenance
        ).run(preview: found.preview)
      }
    }
  }
}

enum TurntableFormat: String, CaseIterable, Sendable {
  case mp4, webm, webp
}

/// The jobs that a turntable is made by.
struct TurntableWork: Sendable {
  let context: StepContext
  let model: MeshSource

  private var parameters: JSONValue { context.parameters }

  var turntable: Turntable { Turntable(parameters) }

  var chunks: [Turntable.Chunk] {
    turntable.chunks(of: Int(parameters["chunk_frames"]?.integerValue ?? 0))
  }

  /// Asks for the jobs that are missing.
  func request(_ found: TurntableFrames) -> StepAwait {
    var jobs = found.missing.map { chunk in
      JobRequest(step: RenderFrames.definition.name, parameters: .object(members(for: chunk)))
    }
    if found.preview == nil, parameters["preview"]?.boolValue == true, let preview { jobs.insert(preview, at: 0) }
    let count = found.missing.map(\.count).reduce(0, +)
    return StepAwait(for: jobs, reason: "\(count) frames are rendered by jobs of their own.")
  }

  /// The mesh, whatever happens to the source meanwhile.
  var source: JSONValue { .string(model.mesh.string) }

  private func members(for chunk: Turntable.Chunk) -> [String: JSONValue] {
    var members = parameters.objectValue ?? [:]
    for name in ["fps", "formats", "chunk_frames", "preview", "preset"] { members[name] = nil }
    members["source"] = source
    members["first"] = .integer(Int64(chunk.first))
    members["count"] = .integer(Int64(chunk.count))
    return members
  }

  /// A third of the frames at half the size with few samples; nil where that would save nothing.
  private var preview: JobRequest? {
    let (frames, fps) = (turntable.frames / 3, parameters["fps"]?.integerValue ?? 24)
    guard frames >= 4 else { return nil }
    var members = parameters.objectValue ?? [:]
    members["source"] = source
    members["preset"] = nil
    members["frames"] = .integer(Int64(frames))
    members["fps"] = .integer(max(1, fps / 3))
    for side in ["width", "height"] { members[side] = members[side]?.integerValue.map { .integer(max(16, $0 / 2)) } }
    members["samples"] = .integer(min(8, parameters["samples"]?.integerValue ?? 8))
    members["formats"] = .array([.string("webp")])
    members["chunk_frames"] = .integer(Int64(frames))
    members["preview"] = .bool(false)
    // What is fine may look faulty when it is that small, and a preview must not end what it previews.
    for judgement in ["faulty_picture", "unresolved_material"] { members[judgement] = .string("warn") }
    return JobRequest(
      step: RenderTurntable.definition.name, parameters: .object(members), priority: 1)
  }
}

/// What the jobs of a turntable have made so far.
struct TurntableFrames: Sendable {
  /// The picture of each frame, in their order, once nothing is missing.
  private(set) var frames: [RenderedFrame] = []
  /// What each chunk was rendered on, as `render_frames` tells it in `summary.device`.
  private(set) var devices: [JSONValue] = []
  /// The chunks that have to be rendered.
  private(set) var missing: [Turntable.Chunk] = []
  /// `result` of the preview.
  private(set) var preview: JSONValue?

  /// - Parameter basis: what frames must have been made with, see ``RenderRun/basis()``: those of another model, template
  ///   or tool would not fit.
  init(of work: TurntableWork, basis: String, among dependencies: [DependencyResult]) {
    let digest = JSONValue.string(work.model.glb.digest.sha256)
    let rendered = dependencies.filter {
      $0.isChild && $0.step == RenderFrames.definition.name && $0.result?["basis_sha256"] == .string(basis)
    }
    preview =
      dependencies.last {
        $0.isChild && $0.step == RenderTurntable.definition.name && $0.result?["input_sha256"] == digest
      }?.result
    for chunk in work.chunks {
      let found = rendered.lazy.filter { dependency in
        dependency.parameters["first"] == .integer(Int64(chunk.first))
          && dependency.parameters["count"] == .integer(Int64(chunk.count))
      }.compactMap { dependency in
        RenderedFrame.all(of: chunk, in: dependency.result).map { ($0, dependency.result?["summary"]?["device"]) }
      }.first
      if let (pictures, device) = found {
        frames += pictures
        if let device { devices.append(device) }
      } else {
        missing.append(chunk)
      }
    }
  }
}

/// A published frame.
struct RenderedFrame: Sendable, Hashable {
  var index: Int
  var path: FilePath
  var sha256: String

  /// - Returns: `nil` when one is not there, or is no longer in the store.
  static func all(of chunk: Turntable.Chunk, in result: JSONValue?) -> [RenderedFrame]? {
    let frames = (result?["artifacts"]?.arrayValue ?? []).compactMap { entry -> RenderedFrame? in
      guard let index = entry["frame"]?.integerValue, let path = entry["path"]?.stringValue,
        let sha256 = entry["sha256"]?.stringValue
      else { return nil }
      return RenderedFrame(index: Int(index), path: FilePath(path), sha256: sha256)
    }
    guard frames.map(\.index) == Array(chunk.first..<chunk.first + chunk.count),
      frames.allSatisfy({ FileStatus.exists($0.path) })
    else { return nil }
    return frames
  }
}
