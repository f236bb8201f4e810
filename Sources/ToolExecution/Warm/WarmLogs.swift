import FoundationEssentials
import Glibc
import Synchronization
import SystemPackage

/// The directories of warm processes, one pool's among those of others.
///
///     <directory>/pool-<id>/warm-<run>/logs   what the process writes
///     <directory>/pool-<id>/warm-<run>/work   its HOME and TMPDIR
///     <directory>/failed-<run>/               logs of a process that went wrong
///
/// The directory of a pool is locked as long as its daemon lives; one that is not is what a dead daemon left.
final class WarmLogs: Sendable {
  private static let poolPrefix = "pool-", failedPrefix = "failed-"
  /// At least as many milliseconds; the directory that is in the way is empty.
  private static let tries = 1000

  private let directory: FilePath
  private let kept: Int
  private let pool: FilePath
  private let lock = Mutex<FileLock?>(nil)

  init(directory: FilePath, kept: Int) {
    self.directory = directory
    self.kept = kept
    var generator = SystemRandomNumberGenerator()
    pool = directory.appending(Self.poolPrefix + ToolRunID(using: &generator).rawValue)
  }

  deinit { try? FileManager.default.removeItem(atPath: pool.string) }  // the next pool removes what is left

  /// Makes the directories of a process.
  func make(_ runID: ToolRunID) throws(ToolError) -> FilePath {
    let process = pool.appending("warm-\(runID)")
    do {
      try lock.withLock { lock in
        guard lock == nil else { return }
        lock = try makePool()
        removeLeftovers()
      }
      for name in ["logs", "work"] {
        try FileManager.default.createDirectory(
          atPath: process.appending(name).string, withIntermediateDirectories: true)
      }
    } catch {
      throw .logDirectoryUnusable(process, reason: "\(error)")
    }
    return process
  }

  /// Makes and locks the pool's directory. Between the two, another pool may take it for a leftover and remove it.
  private func makePool() throws -> FileLock {
    try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    for _ in 0..<Self.tries {
      guard mkdir(pool.string, 0o777) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
      do throws(Errno) {
        if let lock = try FileLock(directory: pool), lock.isLock(of: pool) { return lock }
      } catch {
        guard error == .noSuchFileOrDirectory else { throw error }
      }
      usleep(1000)  // it is being removed
    }
    throw Errno.resourceTemporarilyUnavailable
  }

  func remove(_ process: FilePath) {
    try? FileManager.default.removeItem(atPath: process.string)  // the next pool removes what is left
  }

  /// Moves the logs of a process to those of its request.
  func move(_ process: FilePath, to logDirectory: FilePath) throws {
    let logs = process.appending("logs")
    for name in try FileManager.default.contentsOfDirectory(atPath: logs.string) {
      try FileManager.default.moveItem(
        atPath: logs.appending(name).string, toPath: logDirectory.appending(name).string)
    }
  }

  /// Keeps the logs of a process and lets the oldest that were kept go. Nil when they can't be kept.
  func keep(_ process: FilePath, _ runID: ToolRunID) -> FilePath? {
    let place = directory.appending(Self.failedPrefix + runID.rawValue)
    guard (try? FileManager.default.moveItem(atPath: process.appending("logs").string, toPath: place.string)) != nil
    else { return nil }
    let all = entries(Self.failedPrefix).sorted { modified($0) < modified($1) }
    for old in all.dropLast(max(1, kept)) where old != place { remove(old) }
    return place
  }

  private func removeLeftovers() {
    for other in entries(Self.poolPrefix) where other != pool {
      // Whoever holds it lives; a lock that can't be asked for proves nothing either.
      guard let lock = try? FileLock(directory: other), lock.isLock(of: other) else { continue }
      withExtendedLifetime(lock) { remove(other) }
    }
  }

  private func entries(_ prefix: String) -> [FilePath] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.map { directory.appending($0) }
  }

  private func modified(_ path: FilePath) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
    return attributes?[.modificationDate] as? Date ?? .distantPast
  }
}
