import FoundationEssentials
import Glibc
import Jobs
import SystemPackage

/// The few file operations the store needs, with errors that name the path.
enum Files {
  static func makeDirectory(_ path: FilePath) throws {
    do {
      try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
      throw StoreError(path: path.string, errno: reason(of: error))
    }
  }

  /// Removes a file or a whole tree; nothing there is no error.
  static func remove(_ path: FilePath) throws {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { return }
    do {
      try FileManager.default.removeItem(atPath: path.string)
    } catch {
      let errno = reason(of: error)
      if errno != .noSuchFileOrDirectory { throw StoreError(path: path.string, errno: errno) }
    }
  }

  static func list(_ directory: FilePath) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory.string)
    } catch {
      throw StoreError(path: directory.string, errno: reason(of: error))
    }
  }

  /// `nil` when it is not there.
  static func modificationTime(of path: FilePath) -> Timestamp? {
    var status = stat()
    guard lstat(path.string, &status) == 0 else { return nil }
    return Timestamp(milliseconds: Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000)
  }

  /// Flushes a file or a directory to the disk.
  static func flush(_ path: FilePath) throws {
    let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StoreError(path: path.string, errno: Errno(rawValue: errno)) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw StoreError(path: path.string, errno: Errno(rawValue: errno)) }
  }

  /// For everybody to read, for nobody to write: it may have second names outside of the store.
  static func makeReadOnly(_ path: FilePath) throws {
    guard chmod(path.string, 0o444) == 0 else { throw StoreError(path: path.string, errno: Errno(rawValue: errno)) }
  }

  static func move(_ source: FilePath, to destination: FilePath) throws {
    guard rename(source.string, destination.string) == 0 else {
      throw StoreError(path: destination.string, errno: Errno(rawValue: errno))
    }
  }

  /// A second name for a file, or a copy of it where that cannot be.
  static func link(_ source: FilePath, as destination: FilePath) throws {
    guard Glibc.link(source.string, destination.string) != 0 else { return }
    let refusal = Errno(rawValue: errno)
    switch refusal {
    case .notPermitted, .improperLink, .tooManyLinks, .notSupported:
      do {
        try FileManager.default.copyItem(atPath: source.string, toPath: destination.string)
      } catch {
        throw StoreError(path: destination.string, errno: reason(of: error))
      }
    default:
      throw StoreError(path: source.string, errno: refusal)
    }
  }

  static func write(_ text: String, to path: FilePath) throws {
    let failure = { StoreError(path: path.string, errno: $0) }
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(text.utf8) }
    } catch let error as Errno {
      throw failure(error)
    }
  }

  private static func reason(of error: any Error) -> Errno {
    guard let error = error as? CocoaError else { return .ioError }
    // The codes of Foundation tell apart only a few: all others are "unknown".
    if let cause = error.underlying as? POSIXError { return Errno(rawValue: cause.code.rawValue) }
    switch error.code {
    case .fileNoSuchFile, .fileReadNoSuchFile: return .noSuchFileOrDirectory
    case .fileWriteOutOfSpace: return .noSpace
    case .fileWriteNoPermission, .fileReadNoPermission: return .permissionDenied
    case .fileWriteVolumeReadOnly: return .readOnlyFileSystem
    case .fileWriteFileExists: return .fileExists
    default: return .ioError
    }
  }
}
