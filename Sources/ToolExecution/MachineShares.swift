import Glibc
import Synchronization
package import SystemPackage

/// Divides what a machine has few of, processors and graphics cards, among the runs of all its daemons.
///
/// A share is an exclusive lock on one of the files named after the thing, `<thing>.0`, `<thing>.1` and so on: as many
/// are locked as share it. The kernel frees the locks of a process that dies. Nobody waits for a share, only for another
/// that is choosing, a tenth of a second at most; and nothing fails: where the directory can't be used, shares are handed
/// out as if nobody else took any.
package struct MachineShares: Sendable {
  /// More than so many sharers of one thing are not told apart.
  private static let levels = 64
  /// Whoever chooses holds this file: what it looks at is locked for that moment.
  private static let turn = "turn"

  package let directory: FilePath

  /// Where all daemons of a machine meet, whoever they run as and whatever database they serve: `/run/lock/stepworks`
  /// if it is there or can be made, that is, if it or `/run/lock` is open to all; else `/tmp/stepworks-shares`. It
  /// depends on nothing that users differ in.
  package static var machineDirectory: FilePath { machineDirectory(in: "/run/lock") }

  static func machineDirectory(in locks: FilePath) -> FilePath {
    let directory = locks.appending("stepworks")
    return isOpenToAll(directory) || isOpenToAll(locks) ? directory : "/tmp/stepworks-shares"
  }

  private static func isOpenToAll(_ directory: FilePath) -> Bool {
    var status = stat()
    return lstat(directory.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      && status.st_mode & 0o1777 == 0o1777 && access(directory.string, W_OK) == 0
  }

  /// - Parameter directory: the same for all daemons of the machine; made when the first share is taken, for every user
  ///   to write. A link is not followed.
  package init(directory: FilePath = machineDirectory) {
    self.directory = directory
  }

  /// The processors for one of `runs` runs at a time: its even part of those that are `usable`, at least one, each of
  /// which nobody else has. When fewer are free it gets those; when none is, those with the fewest sharers.
  ///
  /// One run at a time gets all of them, unmarked, and needs no binding.
  package func takeProcessors(runs: Int, of usable: [Int] = Processors.usable()) -> ProcessorLease {
    guard runs > 1, usable.count > 1 else { return ProcessorLease(processors: nil, lease: nil) }
    let numbers = Dictionary(uniqueKeysWithValues: usable.map { ("cpu-\($0)", $0) })
    let lease = take(max(1, usable.count / runs), of: usable.map { "cpu-\($0)" })
    return ProcessorLease(processors: lease.names.compactMap { numbers[$0] }.sorted(), lease: lease)
  }

  /// One of several graphics cards: a free one, or else the one with the fewest sharers. Nil when there are none.
  /// - Parameter identifiers: what names a card for ever: its UUID. Anything but letters, digits, `.`, `_` and `-` is
  ///   replaced in the file's name.
  package func takeCard(of identifiers: [String]) -> CardLease? {
    let names = identifiers.map { identifier in
      "gpu-" + String(identifier.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_" })
    }
    let lease = take(1, of: names)
    guard let name = lease.names.first, let index = names.firstIndex(of: name) else { return nil }
    return CardLease(identifier: identifiers[index], lease: lease)
  }

  private func take(_ count: Int, of names: [String]) -> ShareLease {
    guard !names.isEmpty else { return ShareLease(names: [], locks: [], trouble: nil) }
    do throws(Errno) {
      let files = try LockDirectory(directory)
      let turn = waitForTurn(files)
      defer { withExtendedLifetime(turn) {} }
      return try choose(count, of: names, files)
    } catch {
      let trouble = "Shares can't be marked in \(directory) (\(error)), so other runs may get the same ones."
      return ShareLease(names: Array(names.prefix(count)), locks: [], trouble: trouble)
    }
  }

  /// Nil when somebody takes too long or the file can't be had: those who choose at the same moment may then share
  /// less evenly than they could.
  private func waitForTurn(_ files: LockDirectory) -> FileLock? {
    for _ in 0..<100 {
      if let turn = try? files.lock(Self.turn) { return turn }
      usleep(1000)
    }
    return nil
  }

  /// The first that nobody has; when there are none, the first of those that the fewest have.
  private func choose(_ count: Int, of names: [String], _ files: LockDirectory) throws(Errno) -> ShareLease {
    let marks = files.names
    var found: [Mark] = []
    for name in names where found.count(where: { $0.holders == 0 }) < count {
      found.append(try mark(name, marks, files))
    }
    let fewest = found.map(\.holders).min()
    let chosen = found.filter { $0.holders == fewest }.prefix(count)
    return ShareLease(names: chosen.map(\.name), locks: chosen.compactMap(\.lock), trouble: nil)
  }

  private struct Mark {
    var name: String
    var holders: Int
    /// Nil when every level is taken.
    var lock: FileLock?
  }

  /// Takes the lowest level that is free, and counts those that are not, above it too.
  private func mark(_ name: String, _ marks: Set<String>, _ files: LockDirectory) throws(Errno) -> Mark {
    var mark = Mark(name: name, holders: 0)
    for file in (0..<Self.levels).map({ "\(name).\($0)" }) where mark.lock == nil || marks.contains(file) {
      guard let lock = try files.lock(file) else {
        mark.holders += 1
        continue
      }
      if mark.lock == nil { mark.lock = lock }
    }
    return mark
  }
}

/// What a run holds until ``release()`` or the death of the process.
final class ShareLease: Sendable {
  let names: [String]
  let trouble: String?
  private let locks: Mutex<[FileLock]>

  init(names: [String], locks: [FileLock], trouble: String?) {
    self.names = names
    self.locks = Mutex(locks)
    self.trouble = trouble
  }

  func release() { locks.withLock { $0 = [] } }
}

/// The processors of one run; ``release()`` them when it is over.
package struct ProcessorLease: Sendable {
  /// For ``ToolLimits/processors``, in order; nil is all.
  package let processors: [Int]?
  /// Why they are not marked as taken, one sentence; nil when all is well.
  package var trouble: String? { lease?.trouble }
  let lease: ShareLease?

  package func release() { lease?.release() }
}

/// The graphics card of one run; ``release()`` it when the run is over.
package struct CardLease: Sendable {
  package let identifier: String
  /// Why it is not marked as taken, one sentence; nil when all is well.
  package var trouble: String? { lease.trouble }
  let lease: ShareLease

  package func release() { lease.release() }
}
