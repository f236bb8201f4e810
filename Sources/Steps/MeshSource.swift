import Artifacts
import Jobs
import SystemPackage

/// The mesh that a step works on: the source itself when it is a GLB, else what `export_glb` makes of it.
struct MeshSource: Sendable {
  /// The parameters of every step that works on a mesh.
  static let parameters: [Parameter] = [
    Parameter(
      "source", .string,
      "A GLB or a STEP file (a GLB is then derived first): an absolute path, or one relative to the directory of the database.",
      required: true),
    Parameter(
      "preset", .choice(["preview", "production", "hero"]),
      "How fine the mesh of a STEP file is; a GLB is taken as it is.", default: .string("production")),
  ]

  /// A private copy, and its digest.
  let glb: InputSnapshot
  /// As the producer named it, for sentences.
  let source: FilePath
  /// The mesh for other jobs to read: the source, or the published file.
  let mesh: FilePath
  /// The stem of the files that are made of it.
  let name: String

  /// - Throws: ``StepAwait`` when the mesh has to be made first; ``JobFailure`` when the source is no model.
  init(for context: StepContext, in environment: StepEnvironment, into attempt: Attempt) async throws {
    let given = context.parameters["source"]?.stringValue ?? ""
    let base = environment.sourceDirectory
    let source = try await BlockingIO.run { try InputSnapshot(of: given, relativeTo: base, into: attempt) }
    self.source = source.source
    name = source.outputName
    switch try await BlockingIO.run({ try ModelFormat(of: source.path) }) {
    case .glb:
      glb = source
      mesh = source.source
    case .step:
      guard let mesh = try await Self.mesh(of: source, context) else { throw Self.request(source, given, context) }
      self.mesh = mesh.path
      let copy = try await BlockingIO.run {
        try InputSnapshot(of: mesh.path.string, relativeTo: base, into: attempt, at: "mesh")
      }
      // Who makes it again finds that the file is damaged.
      guard copy.digest.sha256 == mesh.sha256 else { throw Self.request(source, given, context) }
      glb = copy
    case nil:
      throw JobFailure(
        .invalidInput, "\(source.source) is neither a GLB nor a STEP file; give one of these, whole and uncompressed.")
    }
  }

  /// The GLB that an earlier run of this job has asked for, if it is of exactly these bytes.
  private static func mesh(
    of source: InputSnapshot, _ context: StepContext
  ) async throws -> (path: FilePath, sha256: String)? {
    // What its producer made it wait for may be of another fineness.
    let exports = try await context.dependencies().filter { $0.isChild && $0.step == ExportGLB.definition.name }
    for export in exports.reversed() where export.result?["source_sha256"]?.stringValue == source.digest.sha256 {
      let artifact = export.result?["artifacts"]?.arrayValue?.first { $0["role"] == .string("glb") }
      guard let path = artifact?["path"]?.stringValue, let sha256 = artifact?["sha256"]?.stringValue else { continue }
      if FileStatus.exists(FilePath(path)) { return (FilePath(path), sha256) }
    }
    return nil
  }

  private static func request(_ source: InputSnapshot, _ given: String, _ context: StepContext) -> StepAwait {
    // Only what was given, so that it equals, and is merged with, an export that somebody else has asked for.
    var parameters: [String: JSONValue] = ["source": .string(given)]
    parameters["preset"] = context.job.parameters["preset"]
    return StepAwait(
      for: [JobRequest(step: ExportGLB.definition.name, parameters: .object(parameters))],
      reason: "The mesh of \(source.source) is made first.")
  }
}

/// What a model file is, by its first bytes: names lie.
enum ModelFormat {
  case glb, step

  /// - Returns: `nil` for anything else.
  init?(of path: FilePath) throws {
    let head = try OutputShape.head(of: path, bytes: 64)
    // glTF 2.0, chapter 4.4.2; ISO 10303-21, 5.4, after white space or a byte-order mark.
    if head.starts(with: Array("glTF".utf8)) {
      self = .glb
    } else if String(decoding: head, as: UTF8.self).contains("ISO-10303-21") {
      self = .step
    } else {
      return nil
    }
  }
}
