import Jobs

/// What ffprobe says of the only stream of a file, all frames decoded.
struct MediaProbe: Sendable, Hashable {
  /// What a film has to be.
  struct Stream: Sendable, Hashable {
    var codec: String
    /// Without alpha, which WebM keeps in a stream of its own.
    var pixelFormat: String
    var width: Int64
    var height: Int64
    var hasAlpha: Bool
  }

  private let values: [String: String]

  static func arguments(for path: String) -> [String] {
    [
      "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
      "stream=codec_name,pix_fmt,width,height,nb_read_frames,avg_frame_rate:stream_tags:format=nb_streams,duration",
      "-of",
      "default=noprint_wrappers=1", "./\(path)",
    ]
  }

  /// - Parameter text: lines `key=value`.
  init(_ text: String) {
    values = text.split(separator: "\n").reduce(into: [:]) { values, line in
      guard let equals = line.firstIndex(of: "=") else { return }
      values[line[..<equals].lowercased()] = String(line[line.index(after: equals)...])
    }
  }

  /// - Throws: ``JobFailure`` of class `invalid_output` that says what is otherwise than it was asked for.
  func check(against stream: Stream, frames: Int, fps: Int64, of name: String) throws {
    func expect(_ key: String, _ expected: String) throws {
      guard values[key] != expected else { return }
      throw JobFailure(
        .invalidOutput, "\(name) was encoded with \(key)=\(values[key] ?? "nothing") where \(expected) was asked for.")
    }
    try expect("codec_name", stream.codec)
    try expect("pix_fmt", stream.pixelFormat)
    try expect("width", "\(stream.width)")
    try expect("height", "\(stream.height)")
    try expect("nb_read_frames", "\(frames)")
    try expect("avg_frame_rate", "\(fps)/1")
    try expect("nb_streams", "1")
    if stream.hasAlpha { try expect("tag:alpha_mode", "1") }
    let (duration, expected) = (values["duration"].flatMap(Double.init) ?? 0, Double(frames) / Double(fps))
    guard abs(duration - expected) <= 1 / Double(fps) else {
      throw JobFailure(.invalidOutput, "\(name) lasts \(duration) s where \(frames) frames take \(expected) s.")
    }
  }
}
