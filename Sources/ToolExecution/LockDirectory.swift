import FoundationEssentials
import Glibc
import SystemPackage

/// A directory of empty files that are there to be locked, open to every user of the machine.
///
/// Whoever can write it could plant links in it or in its place: none is followed.
final class LockDirectory {
  private static let directoryMode: mode_t = 0o1777, fileMode: mode_t = 0o666

  private let path: FilePath
  private let file: FileDescriptor

  /// Makes the directory when it is missing.
  /// - Throws: `Errno` when it can't be made or is no directory, a link to one included.
  init(_ path: FilePath) throws(Errno) {
    self.path = path
    // A failure of either shows at once.
    try? FileManager.default.createDirectory(
      atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
    mkdir(path.string, Self.directoryMode)
    let file = Glibc.open(path.string, O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW)
    guard file >= 0 else { throw Errno(rawValue: errno) }
    self.file = FileDescriptor(rawValue: file)
    Self.open(file, to: Self.directoryMode)
  }

  /// The files that are there.
  var names: Set<String> { Set((try? FileManager.default.contentsOfDirectory(atPath: path.string)) ?? []) }

  /// Locks a file and makes it when it is missing. Nil when somebody else holds it.
  /// - Throws: `Errno` when it can't be made or opened or the file system has no locks.
  func lock(_ name: String) throws(Errno) -> FileLock? {
    // Reading is enough for a lock, and O_NONBLOCK for a pipe that somebody left here.
    var found = openat(file.rawValue, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    if found < 0, errno == ENOENT {
      // Exclusively: the kernel may refuse O_CREAT for what belongs to another user (fs.protected_regular).
      found = openat(file.rawValue, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, Self.fileMode)
      if found < 0, errno == EEXIST { return nil }  // somebody made it just now, to lock it
    }
    guard found >= 0 else { throw Errno(rawValue: errno) }
    Self.open(found, to: Self.fileMode)
    return try FileLock(taking: FileDescriptor(rawValue: found))
  }

  /// Gives it its mode in spite of the umask, if it is ours.
  private static func open(_ file: Int32, to mode: mode_t) {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o7777 != mode else { return }
    fchmod(file, mode)  // where it fails, users of their own share; nothing else depends on it
  }

  deinit { try? file.close() }
}
