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

  /// Whether the process of a worker whose lock file was taken away (by a cleaner of old files, say) exists. Such a
  /// worker still holds its lock, where nobody can see it any more.
  static func processLives(pid: Int32, bootID: String) -> Bool {
    guard let file = fopen("/proc/sys/kernel/random/boot_id", "r") else { return true }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 64)
    guard fgets(&line, Int32(line.count), file) != nil else { return true }
    let boot = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
    return String(decoding: boot, as: UTF8.self) == bootID && (kill(pid, 0) == 0 || errno == EPERM)
  }

  /// Whether a worker has its lock, without taking it from anybody: a lock that is free is shared for an instant, and a
  /// rescuer that meets this instant looks again.
  static func isHeld(name: String, in directory: String, pid: Int32, bootID: String) -> Bool {
    let descriptor = open(directory + "/" + name, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return processLives(pid: pid, bootID: bootID) }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  static func exists(name: String, in directory: String) -> Bool { access(directory + "/" + name, F_OK) == 0 }

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
