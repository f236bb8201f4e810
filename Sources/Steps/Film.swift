import Jobs

/// What is made of the frames of a turn, and how ffmpeg is told.
///
/// One thread and no time stamps: equal frames give equal bytes.
struct Film: Sendable {
  struct Product: Sendable {
    enum Expectation: Sendable {
      case film(MediaProbe.Stream)
      case animation(width: Int64, height: Int64)
      case picture(width: Int64, height: Int64)
    }

    var output: ToolOutputs.Output
    var arguments: [String]
    var expectation: Expectation

    var role: String { output.role }
  }

  /// The longer side of a picture of the contact sheet, in pixels.
  private static let tileSide: Int64 = 256
  /// The most pictures of a contact sheet.
  private static let mostTiles = 24

  let frames: Int
  let fps: Int64
  private let width: Int64
  private let height: Int64
  private let hasAlpha: Bool
  private let formats: [TurntableFormat]
  private let name: String
  private let framesDirectory: String
  private let comment: String

  /// - Parameter comment: is embedded into the films.
  init(_ parameters: JSONValue, frames: Int, name: String, framesDirectory: String, comment: String) {
    self.frames = frames
    fps = parameters["fps"]?.integerValue ?? 24
    width = parameters["width"]?.integerValue ?? 512
    height = parameters["height"]?.integerValue ?? 512
    hasAlpha = parameters["background"] == .string("transparent")
    let wanted = (parameters["formats"]?.arrayValue ?? []).compactMap(\.stringValue)
    formats = TurntableFormat.allCases.filter { wanted.contains($0.rawValue) }
    self.name = name
    self.framesDirectory = framesDirectory
    self.comment = comment
  }

  var products: [Product] { formats.map(film) + [contactSheet] }

  var summary: JSONValue {
    .object([
      "frames": .integer(Int64(frames)), "fps": .integer(fps),
      "duration_seconds": .number(Double(frames) / Double(fps)), "width": .integer(width), "height": .integer(height),
      "alpha": .bool(hasAlpha),
    ])
  }

  /// Chroma is halved in both directions: a film has even sides.
  private var evenWidth: Int64 { width + width % 2 }
  private var evenHeight: Int64 { height + height % 2 }

  private func film(_ format: TurntableFormat) -> Product {
    switch format {
    case .mp4:
      product(
        format.rawValue, "mp4", "video/mp4",
        // Screens expect BT.709 in the range 16–235 unless told otherwise, and some whatever they are told.
        filter: "\(onWhite),\(padding("white")),scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
        [
          "-c:v", "libx264", "-preset", "slow", "-crf", "18", "-movflags", "+faststart", "-colorspace", "bt709",
          "-color_primaries", "bt709", "-color_trc", "bt709", "-metadata", "comment=\(comment)",
        ],
        .film(
          MediaProbe.Stream(
            codec: "h264", pixelFormat: "yuv420p", width: evenWidth, height: evenHeight, hasAlpha: false)))
    case .webm:
      product(
        format.rawValue, "webm", "video/webm",
        filter: "\(padding(hasAlpha ? "black@0" : "white")),format=\(hasAlpha ? "yuva420p" : "yuv420p")",
        [
          // Alternate reference frames cannot carry alpha.
          "-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-auto-alt-ref", "0", "-metadata", "comment=\(comment)",
        ],
        .film(
          MediaProbe.Stream(
            codec: "vp9", pixelFormat: "yuv420p", width: evenWidth, height: evenHeight, hasAlpha: hasAlpha)))
    case .webp:
      product(
        format.rawValue, "webp", "image/webp", filter: hasAlpha ? "format=rgba" : "format=rgb24",
        ["-c:v", "libwebp_anim", "-quality", "85", "-loop", "0"], .animation(width: width, height: height))
    }
  }

  /// A grid of at most 24 frames, evenly chosen, on white.
  private var contactSheet: Product {
    let stride = (frames + Self.mostTiles - 1) / Self.mostTiles
    let tiles = (frames + stride - 1) / stride
    let columns = tiles <= 4 ? tiles : tiles <= 12 ? 4 : 6
    let rows = (tiles + columns - 1) / columns
    let scale = min(1, Double(Self.tileSide) / Double(max(width, height)))
    let tileWidth = max(1, Int64((Double(width) * scale).rounded()))
    let tileHeight = max(1, Int64((Double(height) * scale).rounded()))
    let gap: Int64 = 8
    let filter =
      "\(onWhite),select='not(mod(n,\(stride)))',scale=\(tileWidth):\(tileHeight):flags=lanczos,format=rgb24,"
      + "tile=\(columns)x\(rows):padding=\(gap):margin=\(gap):color=white"
    return product(
      "contact_sheet", "png", "image/png", filter: filter, ["-frames:v", "1", "-update", "1"],
      .picture(
        width: Int64(columns) * tileWidth + Int64(columns + 1) * gap,
        height: Int64(rows) * tileHeight + Int64(rows + 1) * gap))
  }

  private func product(
    _ role: String, _ ending: String, _ mediaType: String, filter: String, _ options: [String],
    _ expectation: Product.Expectation
  ) -> Product {
    let path = role == ending ? "\(name).\(ending)" : "\(name)-\(role).\(ending)"
    return Product(
      output: ToolOutputs.Output(role: role, path: path, mediaType: mediaType, entry: .null),
      arguments: [
        "-hide_banner", "-nostdin", "-v", "error", "-y", "-framerate", "\(fps)", "-i",
        "\(framesDirectory)/frame_%04d.png",
        "-filter_complex", filter, "-threads", "1", "-flags", "+bitexact", "-fflags", "+bitexact", "-map_metadata",
        "-1",
      ] + options + ["./\(path)"], expectation: expectation)
  }

  /// What has alpha is laid on white; a film of it would be black where it is transparent.
  private var onWhite: String {
    hasAlpha
      ? "color=white:size=\(width)x\(height):rate=\(fps),format=rgba[page];[page][0:v]overlay=shortest=1:format=rgb"
      : "[0:v]null"
  }

  private func padding(_ colour: String) -> String { "pad=\(evenWidth):\(evenHeight):0:0:color=\(colour)" }
}
