import Jobs
import SystemPackage

/// The outer shape of what a tool wrote: an independent look, in constant memory, at what the tool has checked in depth.
/// Each throws ``JobFailure`` of class `invalid_output`.
enum OutputShape {
  /// Binary glTF 2.0 (glTF 2.0 specification, chapter 4): the header, a JSON chunk, a binary chunk, nothing else.
  static func checkGLB(_ path: FilePath) throws {
    let (magic, json, binary): (UInt32, UInt32, UInt32) = (0x4654_6C67, 0x4E4F_534A, 0x004E_4942)
    try reading(path) { file, size in
      let header = try file.words(5, at: 0)
      guard header.count == 5, header[0] == magic, header[1] == 2, header[4] == json else {
        throw JobFailure(.invalidOutput, "The tool wrote a GLB without a glTF 2.0 header.")
      }
      let jsonEnd = 20 + Int64(header[3])
      let chunk = try file.words(2, at: jsonEnd)
      guard Int64(header[2]) == size, chunk.count == 2, chunk[1] == binary, jsonEnd + 8 + Int64(chunk[0]) == size else {
        throw JobFailure(.invalidOutput, "The tool wrote a GLB whose lengths do not add up.")
      }
    }
  }

  /// One JSON object.
  static func checkJSONObject(_ path: FilePath) throws {
    try reading(path) { file, size in
      let first = try file.bytes(1, at: 0)
      let end = try file.bytes(2, at: max(0, size - 2))
      guard first == [UInt8(ascii: "{")], end.last(where: { $0 != UInt8(ascii: "\n") }) == UInt8(ascii: "}") else {
        throw JobFailure(
          .invalidOutput, "The tool wrote \(path.lastComponent?.string ?? "JSON") that is not a JSON object.")
      }
    }
  }

  /// The first bytes of a file, fewer when it is shorter.
  static func head(of path: FilePath, bytes count: Int) throws -> [UInt8] {
    var head: [UInt8] = []
    try reading(path) { file, _ in head = try file.bytes(count, at: 0) }
    return head
  }

  /// PNG (ISO 15948, chapter 5): the signature, a header of that size, and chunks that end with IEND at the end of the
  /// file: a full disk truncates.
  static func checkPNG(_ path: FilePath, width: Int64, height: Int64) throws {
    let name = path.lastComponent?.string ?? ""
    try reading(path) { file, size in
      let start = try file.bytes(24, at: 0)
      guard start.count == 24, start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
        throw JobFailure(.invalidOutput, "The tool wrote \(name), which is no PNG.")
      }
      let found = (Int64(bigEndian(start[16..<20])), Int64(bigEndian(start[20..<24])))
      guard found == (width, height) else {
        throw JobFailure(
          .invalidOutput, "\(name) is \(found.0) × \(found.1) pixels where \(width) × \(height) were asked for.")
      }
      var offset: Int64 = 8
      var last: [UInt8] = []
      while offset < size {
        let chunk = try file.bytes(8, at: offset)
        guard chunk.count == 8 else { break }
        offset += 12 + Int64(bigEndian(chunk[0..<4]))
        last = Array(chunk[4..<8])
      }
      guard offset == size, last == Array("IEND".utf8) else {
        throw JobFailure(.invalidOutput, "\(name) is truncated.")
      }
    }
  }

  /// A .blend file, plain or compressed with Zstandard (as Blender writes since 3.0).
  static func checkBlend(_ path: FilePath) throws {
    let head = try head(of: path, bytes: 7)
    guard head == Array("BLENDER".utf8) || head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) else {
      throw JobFailure(.invalidOutput, "The tool wrote a .blend file that Blender would not open.")
    }
  }

  /// MP4 (ISO 14496-12): the index `moov` before the data `mdat`, so that a film plays while it is loaded.
  static func checkFastStart(_ path: FilePath) throws {
    try reading(path) { file, size in
      var offset: Int64 = 0
      var boxes: [String] = []
      while offset < size {
        let box = try file.bytes(16, at: offset)
        guard box.count >= 8 else { break }
        boxes.append(String(decoding: box[4..<8], as: UTF8.self))
        let length = Int64(bigEndian(box[0..<4]))
        let wide = length == 1 && box.count == 16
        let step = wide ? Int64(bigEndian(box[8..<12])) << 32 | Int64(bigEndian(box[12..<16])) : length
        guard step >= 8 else { break }
        offset += step
      }
      guard offset == size, let index = boxes.firstIndex(of: "moov"), let data = boxes.firstIndex(of: "mdat"),
        index < data
      else { throw JobFailure(.invalidOutput, "The MP4 has no index before its data.") }
    }
  }

  /// WebP container (RFC 9649): the canvas of VP8X, and ANMF chunks that last as long as the frames. Equal neighbours are
  /// one chunk, so chunks are not counted.
  static func checkAnimatedWebP(_ path: FilePath, width: Int64, height: Int64, frames: Int, fps: Int64) throws {
    try reading(path) { file, size in
      let head = try file.bytes(30, at: 0)
      guard head.count == 30, head.starts(with: Array("RIFF".utf8)), head[8..<16].elementsEqual("WEBPVP8X".utf8),
        Int64(littleEndian(head[4..<8])) + 8 == size
      else { throw JobFailure(.invalidOutput, "The animation is no WebP, or is truncated.") }
      let canvas = (Int64(littleEndian(head[24..<27])) + 1, Int64(littleEndian(head[27..<30])) + 1)
      guard canvas == (width, height) else {
        throw JobFailure(
          .invalidOutput, "The animation is \(canvas.0) × \(canvas.1) pixels where \(width) × \(height) were asked for."
        )
      }
      var offset: Int64 = 12
      var milliseconds: Int64 = 0
      while offset < size {
        let chunk = try file.bytes(24, at: offset)
        guard chunk.count >= 8 else { break }
        if chunk.count == 24, chunk[0..<4].elementsEqual("ANMF".utf8) {
          milliseconds += Int64(littleEndian(chunk[20..<23]))
        }
        let length = Int64(littleEndian(chunk[4..<8]))
        offset += 8 + length + length % 2
      }
      let expected = Int64(frames) * 1000 / fps
      guard abs(milliseconds - expected) <= max(500 / fps, 5) else {
        throw JobFailure(
          .invalidOutput, "The animation lasts \(milliseconds) ms where \(frames) frames take \(expected) ms.")
      }
    }
  }

  private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

  static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  static func reading(_ path: FilePath, _ check: (FileDescriptor, Int64) throws -> Void) throws {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
      try file.closeAfter { try check(file, try file.seek(offset: 0, from: .end)) }
    } catch let error as Errno {
      throw JobFailure(.invalidOutput, "The tool named an output that cannot be read: \(error.description).")
    }
  }
}

extension FileDescriptor {
  /// Fewer than `count` at the end of the file.
  func bytes(_ count: Int, at offset: Int64) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
      used = try read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Little-endian words of 32 bits.
  fileprivate func words(_ count: Int, at offset: Int64) throws -> [UInt32] {
    let bytes = try bytes(4 * count, at: offset)
    return stride(from: 0, to: bytes.count - 3, by: 4).map { start in
      bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
  }
}
