import FoundationEssentials
package import Jobs
package import SystemPackage

/// The directory tree of results.
///
///     <root>/attempts/attempt-<job>-<fence>/   what one run reads and writes; gone after it
///     <root>/artifacts/<aa>/<sha256>/<name>    published files, by content: they never change
///     <root>/logs/attempt-<job>-<fence>/       request, messages, log and exit record of each run, kept
///
/// A published path holds the digest of the file, so a late attempt can write the same bytes again or other bytes
/// elsewhere, never over a newer result.
package struct ArtifactStore: Sendable {
  package let root: FilePath

  /// How long the logs of an attempt are kept.
  package static let logRetention: Duration = .seconds(30 * 24 * 60 * 60)

  /// Makes the directories that are not there.
  /// - Throws: ``StoreError`` when `root` can't be written.
  package init(root: FilePath) throws {
    self.root = root
    for directory in [attempts, artifacts, logs] { try Files.makeDirectory(directory) }
  }

  var attempts: FilePath { root.appending("attempts") }
  var artifacts: FilePath { root.appending("artifacts") }
  var logs: FilePath { root.appending("logs") }

  /// Makes the directories of one run. No other run ever has them: a fence is used once.
  package func openAttempt(_ token: LeaseToken) throws -> Attempt {
    let attempt = Attempt(
      store: self, directory: attempts.appending("attempt-\(token)"), logDirectory: logs.appending("attempt-\(token)"))
    // Left by a database that was deleted and made anew beside the same store.
    try Files.remove(attempt.directory)
    try Files.remove(attempt.logDirectory)
    try Files.makeDirectory(attempt.directory)
    try Files.makeDirectory(attempt.logDirectory)
    return attempt
  }

  /// Where the logs of a run are, whether or not it has any.
  package func logDirectory(of token: LeaseToken) -> FilePath { logs.appending("attempt-\(token)") }

  /// Removes the attempt directories of runs that are over, and logs older than ``logRetention``.
  /// - Parameter runningLeases: called after the directories were listed, so that a run that begins meanwhile is safe.
  package func sweep(now: Timestamp, runningLeases: () async throws -> Set<LeaseToken>) async throws {
    let found = try Files.list(attempts).compactMap { name in Self.token(inName: name).map { (name, $0) } }
    if !found.isEmpty {
      let running = try await runningLeases()
      for (name, token) in found where !running.contains(token) { try Files.remove(attempts.appending(name)) }
    }
    for name in try Files.list(logs) where Self.token(inName: name) != nil {
      let directory = logs.appending(name)
      if let changed = Files.modificationTime(of: directory), changed.duration(to: now) > Self.logRetention {
        try Files.remove(directory)
      }
    }
  }

  private static func token(inName name: String) -> LeaseToken? {
    let prefix = "attempt-"
    return name.hasPrefix(prefix) ? LeaseToken(name.dropFirst(prefix.count)) : nil
  }
}

/// The disk said no. Reads as one sentence.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  package let path: String
  package let errno: Errno

  package var description: String {
    switch errno {
    case .noSpace, .diskQuotaExceeded:
      "The disk that holds \(path) is full; free some space."
    default:
      "\(path) cannot be used: \(errno.description)."
    }
  }

  /// As the failure of the run that met it: the machine's fault, not the job's.
  package var failure: JobFailure {
    JobFailure(errno == .noSpace || errno == .diskQuotaExceeded ? .noSpace : .toolFailed, description)
  }
}
