import FoundationEssentials
import Synchronization
package import SystemPackage

/// Divides what a machine has few of, processors and graphics cards, among the runs of all its daemons.
///
/// A share is an exclusive lock on a file named after the thing and its level: level 0 belongs to whoever has it first,
/// level 1 to whoever shares it next. The kernel frees the locks of a process that dies. Nobody ever waits, and nothing
/// fails: where the directory can't be used, shares are handed out as if nobody else took any.
package struct MachineShares: Sendable {
  /// More than so many sharers of one thing are not told apart.
  private static let levels = 64

  package let directory: FilePath

  /// - Parameter directory: the same for all daemons of the machine; made when the first share is taken. All of them
  ///   must be able to write it.
  package init(directory: FilePath) {
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
    // A failure shows at the first lock.
    try? FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    for level in 0..<Self.levels {
      var taken: [(name: String, lock: FileLock)] = []
      for name in names where taken.count < count {
        do throws(Errno) {
          guard let lock = try FileLock(directory.appending("\(name).\(level)")) else { continue }
          taken.append((name, lock))
        } catch {
          let trouble = "Shares can't be marked in \(directory) (\(error)), so other runs may get the same ones."
          return ShareLease(names: Array(names.prefix(count)), locks: [], trouble: trouble)
        }
      }
      if !taken.isEmpty { return ShareLease(names: taken.map(\.name), locks: taken.map(\.lock), trouble: nil) }
    }
    return ShareLease(names: Array(names.prefix(count)), locks: [], trouble: nil)
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
