import Crypto
import Glibc
package import Jobs
package import SystemPackage

/// Length and SHA-256 of a regular file.
package struct FileDigest: Sendable, Hashable {
  package let bytes: Int64
  /// Lowercase hexadecimal.
  package let sha256: String

  /// - Throws: ``StoreError``; `EISDIR` or `EINVAL` for what is not a regular file.
  /// - Parameter onRead: told of each piece that was read, in bytes.
  package init(of path: FilePath, followSymlinks: Bool = true, onRead: (Int64) -> Void = { _ in }) throws {
    var hasher = SHA256()
    var bytes: Int64 = 0
    try RegularFile.read(path, followSymlinks: followSymlinks) { chunk in
      hasher.update(bufferPointer: UnsafeRawBufferPointer(chunk))
      bytes += Int64(chunk.count)
      onRead(Int64(chunk.count))
    }
    self.bytes = bytes
    self.sha256 = Self.hexadecimal(hasher.finalize())
  }

  init(bytes: Int64, hasher: SHA256) {
    self.bytes = bytes
    self.sha256 = Self.hexadecimal(hasher.finalize())
  }

  package static func sha256(of text: String) -> String {
    var hasher = SHA256()
    var text = text
    text.withUTF8 { hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    return hexadecimal(hasher.finalize())
  }

  static func hexadecimal(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef")
    return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}

extension Artifact {
  /// The SHA-256 of what determines the files of one run: those of equal keys and names are equal.
  package static func derivationKey(of provenance: JSONValue) -> String { FileDigest.sha256(of: provenance.text) }
}

enum RegularFile {
  private static let chunkBytes = 1 << 20

  /// Hands the bytes of a regular file to `body`, a megabyte at a time.
  static func read(_ path: FilePath, followSymlinks: Bool, _ body: (UnsafeMutableRawBufferPointer) throws -> Void)
    throws
  {
    func failure(_ code: Int32) -> StoreError { StoreError(path: path.string, errno: Errno(rawValue: code)) }
    // Non-blocking: opening a named pipe must not wait for its writer.
    let descriptor = open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followSymlinks ? 0 : O_NOFOLLOW))
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw failure(EISDIR)
    default: throw failure(EINVAL)
    }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(errno) }
      if count == 0 { return }
      try body(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
