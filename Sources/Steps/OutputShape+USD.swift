import Jobs
import SystemPackage

extension OutputShape {
  /// A crate file of OpenUSD (pxr/usd/sdf/crateFile.h): a header of 88 bytes with the place of the table of contents, and
  /// sections that lie in the file.
  static func checkUSDC(_ path: FilePath) throws {
    try reading(path) { file, size in try checkCrate(file, at: 0, bytes: size) }
  }

  /// One uncompressed crate file in a zip file (USDZ specification), at a multiple of 64 bytes.
  static func checkUSDZ(_ path: FilePath) throws {
    try reading(path) { file, size in
      let header = try file.bytes(30, at: 0)
      guard header.count == 30, header.starts(with: Array("PK\u{3}\u{4}".utf8)), header[8] == 0, header[9] == 0 else {
        throw JobFailure(.invalidOutput, "The tool wrote a .usdz that is no zip file of stored entries.")
      }
      let length = Int64(littleEndian(header[22..<26]))
      let nameLength = Int(littleEndian(header[26..<28]))
      let start = 30 + Int64(nameLength) + Int64(littleEndian(header[28..<30]))
      let name = String(decoding: try file.bytes(nameLength, at: 30), as: UTF8.self)
      guard name.hasSuffix(".usdc"), start % 64 == 0 else {
        throw JobFailure(
          .invalidOutput, "The .usdz begins with '\(name)' at byte \(start), not with a .usdc at a multiple of 64.")
      }
      try checkCrate(file, at: start, bytes: length)
      let end = try file.bytes(22, at: max(0, size - 22))
      guard end.starts(with: Array("PK\u{5}\u{6}".utf8)), littleEndian(end[10..<12]) == 1,
        Int64(littleEndian(end[16..<20])) == start + length
      else { throw JobFailure(.invalidOutput, "The .usdz has more than one entry, or is truncated.") }
    }
  }

  /// Its first words, and the end of its last prim.
  static func checkUSDA(_ path: FilePath) throws {
    try reading(path) { file, size in
      let first = try file.bytes(10, at: 0)
      let end = try file.bytes(4, at: max(0, size - 4))
      guard first == Array("#usda 1.0\n".utf8), end.last(where: { $0 != UInt8(ascii: "\n") }) == UInt8(ascii: "}")
      else {
        throw JobFailure(.invalidOutput, "The tool wrote a .usda that is none, or is truncated.")
      }
    }
  }

  private static func checkCrate(_ file: FileDescriptor, at start: Int64, bytes size: Int64) throws {
    let header = try file.bytes(88, at: start)
    guard header.count == 88, header.starts(with: Array("PXR-USDC".utf8)) else {
      throw JobFailure(.invalidOutput, "The tool wrote a file that is no .usdc.")
    }
    let table = Int64(littleEndian: header[16..<24])
    let count = table >= 88 && table <= size - 8 ? Int64(littleEndian: try file.bytes(8, at: start + table)[...]) : 0
    guard count > 0, count <= (size - table - 8) / 32 else {
      throw JobFailure(.invalidOutput, "The .usdc has no table of contents, or is truncated.")
    }
    for index in 0..<count {
      // A name of 16 bytes, where the section begins, and how long it is.
      let section = try file.bytes(32, at: start + table + 8 + 32 * index)
      let (begin, length) = (Int64(littleEndian: section[16..<24]), Int64(littleEndian: section[24..<32]))
      guard begin >= 88, length >= 0, begin <= size, length <= size - begin else {
        throw JobFailure(.invalidOutput, "The .usdc has a section that lies outside of the file.")
      }
    }
  }
}

extension Int64 {
  /// - Parameter bytes: eight.
  fileprivate init(littleEndian bytes: ArraySlice<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
  }
}
