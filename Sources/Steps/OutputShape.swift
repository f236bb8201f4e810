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
        throw JobFailure(.invalidOutput, "The tool wrote metadata that is not a JSON object.")
      }
    }
  }

  private static func reading(_ path: FilePath, _ check: (FileDescriptor, Int64) throws -> Void) throws {
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
  fileprivate func bytes(_ count: Int, at offset: Int64) throws -> [UInt8] {
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
