import FoundationEssentials
import GRDB
import Jobs

extension JobQueue {
  /// How old a lock file must be before nobody can be about to take it.
  private static let strayAge = 10.0  // seconds

  /// Removes lock files that belong to nobody: of workers that were killed before they had registered.
  package func removeStrayLocks() async throws {
    let now = clock.now().milliseconds
    let names = (try? FileManager.default.contentsOfDirectory(atPath: lockDirectory)) ?? []  // none: no locks
    let old = names.filter { name in
      let made =
        try? FileManager.default.attributesOfItem(atPath: lockDirectory + "/" + name)[.modificationDate] as? Date
      return made.map { Double(now) / 1000 - $0.timeIntervalSince1970 > Self.strayAge } ?? false
    }
    guard !old.isEmpty else { return }
    // Read after the listing: who has registered meanwhile is among them.
    let known = try await read { db in
      try Set(String.fetchAll(db, sql: "SELECT lock_name FROM workers WHERE state IN ('running', 'draining')"))
    }
    for name in old where !known.contains(name) { try WorkerLock(name: name, in: lockDirectory)?.remove() }
  }
}
