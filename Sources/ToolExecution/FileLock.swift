import Glibc
import SystemPackage

/// An exclusive `flock` on a file or directory: the kernel frees it when its holder dies, however that happens.
final class FileLock: Sendable {
  private let file: FileDescriptor

  /// Locks a directory. Nil when somebody else holds it.
  /// - Throws: `Errno` when the directory can't be opened or the file system has no locks.
  convenience init?(directory path: FilePath) throws(Errno) {
    let file = Glibc.open(path.string, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    guard file >= 0 else { throw Errno(rawValue: errno) }
    try self.init(taking: FileDescriptor(rawValue: file))
  }

  /// Locks an open file and closes it in the end, also when this fails. Nil when somebody else holds it.
  /// - Throws: `Errno` when the file system has no locks.
  init?(taking file: FileDescriptor) throws(Errno) {
    guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      let error = Errno(rawValue: errno)
      try? file.close()
      if error == .wouldBlock { return nil }
      throw error
    }
    self.file = file  // not before: from here on, deinit closes it
  }

  /// Whether what is locked is what the path leads to: it may have been removed before it was locked.
  func isLock(of path: FilePath) -> Bool {
    var locked = stat()
    var found = stat()
    return fstat(file.rawValue, &locked) == 0 && lstat(path.string, &found) == 0
      && locked.st_dev == found.st_dev && locked.st_ino == found.st_ino
  }

  deinit { try? file.close() }
}
