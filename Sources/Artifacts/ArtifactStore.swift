import FoundationEssentials
package import Jobs
package import SystemPackage

/// The directory tree of results.
///
///     <root>/attempts/attempt-<job>-<fence>/   what one run reads and writes; gone after it
///     <root>/artifacts/<aa>/<sha256>/<name>    published files, by content: they never change
///     <root>/partial/job-<id>/<key>/           what an unfinished job has made so far, for its next run
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
    for directory in [attempts, artifacts, partial, logs] { try Files.makeDirectory(directory) }
  }

  var attempts: FilePath { root.appending("attempts") }
  var artifacts: FilePath { root.appending("artifacts") }
  var logs: FilePath { root.appending("logs") }
  var partial: FilePath { root.appending("partial") }

  /// Whether this is the path of a published file.
  package func holds(_ path: FilePath) -> Bool {
    let path = path.lexicallyNormalized()
    return path.starts(with: artifacts.lexicallyNormalized()) && path.components.count > artifacts.components.count
  }

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

  /// Where a job keeps what it has made until it is finished, so that a run after a crash goes on where the last stopped.
  /// One job at a time runs under one lease, so nobody else writes here.
  /// - Parameter key: the derivation key: what was made of another input is not found.
  /// - Throws: ``JobFailure`` of class `no_space`, or ``StepSnooze``, as a disk that says no does.
  package func openPartial(_ job: JobID, key: String) throws -> FilePath {
    let path = partial.appending("job-\(job)").appending(String(key.prefix(12)))
    do {
      try Files.makeDirectory(path)
    } catch let error as StoreError {
      throw error.asStepError
    }
    return path
  }

  /// Removes what jobs had kept that are finished.
  /// - Parameter unfinished: which of some jobs are not finished; called after the directories were listed.
  package func sweepPartial(unfinished: (Set<JobID>) async throws -> Set<JobID>) async throws {
    let found = try await BlockingIO.run { [partial] in
      try Files.list(partial).reduce(into: [String: JobID]()) { found, name in
        guard name.hasPrefix("job-"), let id = JobID(name.dropFirst(4)) else { return }
        found[name] = id
      }
    }
    guard !found.isEmpty else { return }
    let kept = try await unfinished(Set(found.values))
    try await BlockingIO.run { [self] in
      try removeAll(found.filter { !kept.contains($0.value) }.keys.map { partial.appending($0) })
    }
  }

  /// Where the logs of a run are, whether or not it has any.
  package func logDirectory(of token: LeaseToken) -> FilePath { logs.appending("attempt-\(token)") }

  /// Removes the attempt directories of runs that are over.
  /// - Parameter runningLeases: called after the directories were listed, so that a run that begins meanwhile is safe.
  package func sweep(runningLeases: () async throws -> Set<LeaseToken>) async throws {
    let found = try await BlockingIO.run { try Self.tokens(in: attempts) }
    guard !found.isEmpty else { return }
    let running = try await runningLeases()
    try await BlockingIO.run {
      try removeAll(found.filter { !running.contains($0.value) }.keys.map { attempts.appending($0) })
    }
  }

  /// Removes the logs of attempts that ended longer than ``logRetention`` ago.
  package func pruneLogs(now: Timestamp) async throws {
    try await BlockingIO.run {
      let old = try Self.tokens(in: logs).keys.map { logs.appending($0) }.filter { directory in
        Files.modificationTime(of: directory).map { $0.duration(to: now) > Self.logRetention } ?? false
      }
      try removeAll(old)
    }
  }

  /// One that can't be removed does not keep the others; the first error is thrown at the end.
  private func removeAll(_ paths: [FilePath]) throws {
    var failure: (any Error)?
    for path in paths {
      do { try Files.remove(path) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }

  /// The directories of attempts, by name.
  private static func tokens(in directory: FilePath) throws -> [String: LeaseToken] {
    try Files.list(directory).reduce(into: [:]) { found, name in found[name] = token(inName: name) }
  }

  private static func token(inName name: String) -> LeaseToken? {
    let prefix = "attempt-"
    return name.hasPrefix(prefix) ? LeaseToken(name.dropFirst(prefix.count)) : nil
  }
}
