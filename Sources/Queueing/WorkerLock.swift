import Glibc

/// Whether a worker lives, by the kernel's word: each holds an `flock` on a file of its own as long as its process
/// exists.
///
/// SIGKILL frees the lock at once; a stopped (SIGSTOP), slow or suspended worker keeps it, so no clock can make it look
/// dead. The descriptor is close-on-exec: no child inherits the lock.
package final class WorkerLock: Sendable {
  package let name: String
  private let path: String
  private let descriptor: Int32

  /// Takes a lock that nobody holds.
  /// - Returns: `nil` when another process holds it.
  /// - Throws: ``QueueError`` when the directory can't be written.
  package init?(name: String, in directory: String) throws {
    if mkdir(directory, 0o755) != 0, errno != EEXIST {
      throw QueueError.unreadable(path: directory, reason: String(cString: strerror(errno)))
    }
    let path = directory + "/" + name
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw QueueError.unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.name = name
    self.path = path
    self.descriptor = descriptor
  }

  /// The name of no file that exists or existed: 128 random bits.
  package static func freshName() -> String {
    let digits = [UInt64.random(in: .min ... .max), .random(in: .min ... .max)].map { number in
      let text = String(number, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return "worker-\(digits.joined()).lock"
  }

  /// Removes the file: the worker has ended and everything of it is settled. The lock goes with this object.
  package func remove() { unlink(path) }

  deinit { close(descriptor) }
}
