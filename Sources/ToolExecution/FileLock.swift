import Glibc
import SystemPackage

/// An exclusive `flock` on a file or directory: the kernel frees it when its holder dies, however that happens.
final class FileLock: Sendable {
  private let file: FileDescriptor

  /// Nil when somebody else holds it.
  /// - Throws: `Errno` when the file can't be opened or the file system has no locks.
  init?(_ path: FilePath, isDirectory: Bool = false) throws(Errno) {
    do {
      file =
        try isDirectory
        ? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .directory])
        : FileDescriptor.open(
          path, .readWrite, options: [.create, .closeOnExec, .noFollow],
          permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
    } catch let error as Errno {
      throw error
    } catch {
      throw Errno.ioError  // FileDescriptor throws nothing but Errno
    }
    guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let error = Errno(rawValue: errno)
      try? file.close()
      if error == .wouldBlock { return nil }
      throw error
    }
  }

  deinit { try? file.close() }
}
