import SystemPackage

/// Reads of files that are small by nature: `/proc`, records, the end of a log.
enum SmallFile {
  /// The first bytes of a file, `limit` at most.
  static func head(of path: FilePath, limit: Int) throws(Errno) -> [UInt8] {
    try read(path, limit: limit, fromEnd: false)
  }

  /// The last bytes of a file, `limit` at most.
  static func tail(of path: FilePath, limit: Int) throws(Errno) -> [UInt8] {
    try read(path, limit: limit, fromEnd: true)
  }

  private static func read(_ path: FilePath, limit: Int, fromEnd: Bool) throws(Errno) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
      return try file.closeAfter {
        // Files in /proc have no end to seek from.
        var offset = fromEnd ? max(0, try file.seek(offset: 0, from: .end) - Int64(limit)) : 0
        var bytes: [UInt8] = []
        while bytes.count < limit {
          let piece = try [UInt8](unsafeUninitializedCapacity: min(limit - bytes.count, 64 * 1024)) { buffer, count in
            count = try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
          }
          if piece.isEmpty { break }
          bytes += piece
          offset += Int64(piece.count)
        }
        return bytes
      }
    } catch let error as Errno {
      throw error
    } catch {
      throw Errno.ioError  // FileDescriptor throws nothing but Errno
    }
  }
}
