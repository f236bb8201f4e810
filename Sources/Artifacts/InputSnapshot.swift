import Crypto
import Jobs
package import SystemPackage

/// A private copy of a source file, and the digest of exactly the bytes that the tool will read: a file that changes
/// while its job runs can't be taken for what it was. It also keeps a tool from finding other files beside its source.
package struct InputSnapshot: Sendable, Hashable {
  /// The copy; its last component is the source's own.
  package let path: FilePath
  /// As the producer knows it.
  package let source: FilePath
  package let digest: FileDigest

  /// - Parameters:
  ///   - source: as given by the producer; a relative path is taken from `base`.
  ///   - base: an absolute directory.
  ///   - place: the directory of the attempt that the copy is put into, one for each input: names may be equal.
  /// - Throws: ``JobFailure``: `missing_input`, `invalid_input` or `no_space`, with a sentence that names the file.
  package init(of source: String, relativeTo base: FilePath, into attempt: Attempt, at place: String = "input") throws {
    guard !source.isEmpty else {
      throw JobFailure(.invalidInput, "The parameter 'source' is empty; it must be the path of a file.")
    }
    guard !source.utf8.contains(0) else {
      throw JobFailure(.invalidInput, "The parameter 'source' holds a NUL byte; it must be the path of a file.")
    }
    let path = base.pushing(FilePath(source))
    guard let name = path.lastComponent, name.kind == .regular else {
      throw JobFailure(.invalidInput, "'\(source)' is a directory, not a file; name the file itself.")
    }
    let directory = attempt.directory.appending(place)
    let copy = directory.appending(name)
    do {
      try Files.makeDirectory(directory)
      self.digest = try Self.copy(path, to: copy)
    } catch let error as StoreError {
      throw error.path == path.string ? Self.explain(error, path) : error.asStepError
    }
    guard digest.bytes > 0 else {
      throw JobFailure(.invalidInput, "\(path) is empty (0 bytes); export it again.")
    }
    self.path = copy
    self.source = path
  }

  /// The digest of what a STEP file says, see ``ExchangeFileDigest``; of its bytes where it is not a whole one.
  /// - Throws: ``JobFailure`` or ``StepSnooze``, as a disk that says no does.
  package func semanticDigest() throws -> String {
    do {
      return try ExchangeFileDigest.of(path) ?? digest.sha256
    } catch let error as StoreError {
      throw error.asStepError
    }
  }

  /// Copies a regular file, and takes the digest of what was written.
  static func copy(
    _ source: FilePath, to copy: FilePath, permissions: FilePermissions = [.ownerReadWrite]
  ) throws -> FileDigest {
    var hasher = SHA256()
    var bytes: Int64 = 0
    var output: FileDescriptor?
    defer { try? output?.close() }  // a failed write was thrown by write itself
    try RegularFile.read(source, followSymlinks: true) { chunk in
      let buffer = UnsafeRawBufferPointer(chunk)
      do {
        let file =
          try output
          ?? FileDescriptor.open(
            copy, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions)
        output = file
        _ = try file.writeAll(buffer)
      } catch let error as Errno {
        throw StoreError(path: copy.string, errno: error)
      }
      hasher.update(bufferPointer: buffer)
      bytes += Int64(chunk.count)
    }
    return FileDigest(bytes: bytes, hasher: hasher)
  }

  private static func explain(_ error: StoreError, _ path: FilePath) -> any Error {
    switch error.errno {
    case .ioError, .staleNFSFileHandle, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
      // The disk's or the machine's fault, and it may pass.
      error.asStepError
    case .noSuchFileOrDirectory, .notDirectory:
      JobFailure(.missingInput, "\(path) does not exist; check the path, which must be readable on this machine.")
    case .permissionDenied, .notPermitted:
      JobFailure(.missingInput, "\(path) cannot be read by the worker's user; change its permissions.")
    case .isDirectory:
      JobFailure(.invalidInput, "\(path) is a directory, not a file; name the file itself.")
    case .invalidArgument:
      JobFailure(.invalidInput, "\(path) is not a regular file; name a file.")
    case .fileNameTooLong:
      JobFailure(.invalidInput, "The name of the source is longer than the file system allows.")
    default:
      JobFailure(.missingInput, "\(path) cannot be read: \(error.errno.description).")
    }
  }
}
