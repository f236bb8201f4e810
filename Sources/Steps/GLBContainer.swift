import FoundationEssentials
import Jobs
import SystemPackage

/// The outer shape of a binary glTF 2.0 file (glTF 2.0 specification, chapter 4): an independent look at what the tool
/// has checked in depth.
enum GLBContainer {
  private static let headerBytes = 12
  private static let chunkHeaderBytes = 8
  private static let magic: UInt32 = 0x4654_6C67  // "glTF"
  private static let jsonChunk: UInt32 = 0x4E4F_534A  // "JSON"

  /// - Throws: ``JobFailure`` of class `invalid_output`.
  static func check(_ path: FilePath) throws {
    guard let data = FileManager.default.contents(atPath: path.string) else {
      throw JobFailure(.invalidOutput, "The tool named a GLB that is not there.")
    }
    func word(_ offset: Int) -> UInt32 {
      data.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    }
    guard data.count >= headerBytes + chunkHeaderBytes, word(0) == magic, word(4) == 2 else {
      throw JobFailure(.invalidOutput, "The tool wrote a GLB without a glTF 2.0 header.")
    }
    let length = Int(word(12))
    guard Int(word(8)) == data.count, word(16) == jsonChunk, headerBytes + chunkHeaderBytes + length <= data.count
    else {
      throw JobFailure(.invalidOutput, "The tool wrote a GLB whose lengths do not add up.")
    }
    let start = data.startIndex + headerBytes + chunkHeaderBytes
    guard let document = try? JSONValue(parsing: data[start..<start + length]),
      document["meshes"]?.arrayValue?.isEmpty == false, document["nodes"]?.arrayValue?.isEmpty == false
    else { throw JobFailure(.invalidOutput, "The tool wrote a GLB without a mesh.") }
  }
}
