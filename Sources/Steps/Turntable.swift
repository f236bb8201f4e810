import Jobs

/// The frames of one turn and how they are shared out.
///
/// Frame i of N shows the part turned by start + 360° · i / N: the last frame is one step before the first, so the turn
/// has no seam and no frame twice.
struct Turntable: Sendable, Hashable {
  static let parameters: [Parameter] = [
    Parameter("frames", .integer(2...1440), "Pictures of one whole turn.", default: .integer(48)),
    Parameter("start_degrees", .number(-360...360), "Where the turn starts.", default: .number(0)),
    Parameter("elevation_degrees", .number(-90...90), "How high the camera stands.", default: .number(20)),
    Parameter(
      "tilt_degrees", .number(0...90),
      "How far the part leans towards the camera at the start; default: 18 for a part that is round from above and would seem to stand still, else 0."
    ),
  ]

  /// A run of frames that one job renders.
  struct Chunk: Sendable, Hashable {
    var first: Int
    var count: Int
  }

  /// With the preview, as many jobs as one may ask for.
  private static let mostChunks = StepAwait.maximumJobs - 1

  let frames: Int

  init(_ parameters: JSONValue) {
    frames = Int(parameters["frames"]?.integerValue ?? 48)
  }

  /// - Parameter size: the most frames of a chunk; 0: an eighth of the turn, at least six, so that eight slots have
  ///   something to do and starting Blender stays a small part of each chunk.
  func chunks(of size: Int) -> [Chunk] {
    let wanted = size > 0 ? size : max(6, (frames + 7) / 8)
    let size = max(wanted, (frames + Self.mostChunks - 1) / Self.mostChunks)
    return stride(from: 0, to: frames, by: size).map { Chunk(first: $0, count: min(size, frames - $0)) }
  }

  /// `turntable` of the tool's request.
  static func request(_ parameters: JSONValue, _ chunk: Chunk) -> JSONValue {
    .object([
      "frames": parameters["frames"] ?? .integer(48), "start_degrees": parameters["start_degrees"] ?? .number(0),
      "elevation_degrees": parameters["elevation_degrees"] ?? .number(20), "first": .integer(Int64(chunk.first)),
      "count": .integer(Int64(chunk.count)), "step": .integer(1),
      "tilt_degrees": parameters["tilt_degrees"] ?? .null,
    ])
  }

  static func frameName(_ index: Int) -> String {
    let digits = String(index)
    return "frame_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ".png"
  }
}
