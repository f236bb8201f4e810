import ArgumentParser
import Artifacts
import Jobs
import Queueing
import Synchronization
import SystemPackage

struct ArtifactsCollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Remove files that no artifact names; with --older-than also old artifacts.",
    discussion: """
      Without --older-than only files go that no row of artifacts names: what a dead run has left, and what belonged to \
      jobs that were deleted. A file stays for --grace after it was published or last taken over by a job, whose run may not \
      be settled yet: less than an hour only while no worker runs.

      With --older-than, artifacts of that age go first: those that a later job with the same tenant, step and \
      parameters has made again, and with --all also the newest. A file that several artifacts name stays as long as one \
      of them is left. What an unfinished job waits for is never removed. What was removed is made again when it is asked \
      for again.

      EXAMPLES
        stepworks artifacts gc --dry-run
        stepworks artifacts gc --older-than 90d
        stepworks artifacts gc --older-than 7d --role frame --all
      """)

  @OptionGroup var shared: SharedOptions
  @OptionGroup var which: ArtifactFilterOptions

  @Flag(help: "With --older-than: also artifacts that nothing newer has replaced.")
  var all = false

  @Option(help: ArgumentHelp("How long a file stays that nobody names: 90, 30s, 5m, 2h, 1d.", valueName: "duration"))
  var grace = "1d"

  @Flag(help: "Say what would be removed, and remove nothing.")
  var dryRun = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if which.olderThan == nil, all || !which.isEmpty {
      throw ValidationError("Filters and --all choose among old artifacts; say how old with --older-than.")
    }
    if HumanTime.duration(grace) == nil {
      throw ValidationError("--grace must be a duration such as 30s, 5m, 2h or 1d, not '\(grace)'.")
    }
  }

  /// What went, or would go.
  private struct Outcome {
    var artifacts: [StoredArtifact] = []
    var files: [PublishedFile] = []
    var inUse = 0

    var bytes: Int64 { files.map(\.bytes).reduce(0, +) }
  }

  func run() async throws {
    let settings = try await shared.settings()
    let queue = try settings.openQueue(.existing)
    let store = try ArtifactStore(root: settings.dataDirectory)
    let now = WallClock.system.now()
    try await which.check(in: queue)
    var outcome = Outcome()
    if which.olderThan != nil {
      let old = try await old(in: queue, now: now)
      let inUse = try await queue.artifactsInUse(among: Set(old.map(\.id)))
      outcome.artifacts = old.filter { !inUse.contains($0.id) }
      outcome.inUse = inUse.count
      if !dryRun { _ = try await queue.forgetArtifacts(outcome.artifacts.map(\.id)) }
    }
    // The files first, then the names: what is published and settled in between is among the names.
    let listing = try await listing(of: store)
    for path in listing.strangers {
      Terminal.tell("stepworks: \(path) is left alone: it is no published file; move it away.")
    }
    let named = try await queue.namedFiles(besides: Set(outcome.artifacts.map(\.id)))
    let limit = now.advanced(by: .zero - (HumanTime.duration(grace) ?? ArtifactStore.unnamedRetention))
    outcome.files = listing.files.filter { !named.contains($0.name) && $0.changedAt <= limit }
    if !dryRun { outcome.files = try await remove(outcome.files, from: store, queue) }
    report(outcome)
  }

  private func listing(of store: ArtifactStore) async throws -> ArtifactStore.Listing {
    let progress = WorkProgress("looking through the store", isQuiet: json)
    defer { progress.finish() }
    return try await BlockingIO.run { try store.listing() }
  }

  private func old(in queue: JobQueue, now: Timestamp) async throws -> [StoredArtifact] {
    var filter = which.filter(now: now)
    filter.age = all ? nil : .superseded
    return try await queue.storedArtifacts(filter)
  }

  /// - Returns: those that were removed.
  private func remove(
    _ files: [PublishedFile], from store: ArtifactStore, _ queue: JobQueue
  ) async throws -> [PublishedFile] {
    let removed = Removed()
    let progress = WorkProgress("removing", items: files.count, isQuiet: json)
    defer { progress.finish() }
    try await queue.removeUnnamed(files.map(\.name)) { index in
      defer { progress.advance() }
      // Taken over by a job since it was looked at: its settlement may come now.
      guard store.isUnchanged(files[index]) else { return }
      try store.remove(files[index])
      removed.indices.withLock { _ = $0.insert(index) }
    }
    return removed.indices.withLock { $0.sorted() }.map { files[$0] }
  }

  private final class Removed: Sendable {
    let indices = Mutex<Set<Int>>([])
  }

  private func report(_ outcome: Outcome) {
    if json {
      return Terminal.print(
        JSONValue.object([
          "dry_run": .bool(dryRun), "artifacts": .array(outcome.artifacts.map { .integer($0.id) }),
          "files": .array(outcome.files.map { .string($0.path.string) }), "bytes": .integer(outcome.bytes),
          "in_use": .integer(Int64(outcome.inUse)),
        ]).text)
    }
    if dryRun {
      for stored in outcome.artifacts {
        Terminal.print("artifact \(stored.id)  job \(stored.jobID)  \(stored.artifact.role)  \(stored.sourceName)")
      }
      for file in outcome.files { Terminal.print("file \(file.path)  (\(HumanTime.bytes(file.bytes)))") }
    }
    let verb = dryRun ? "Would remove" : "Removed"
    Terminal.print(
      "\(verb) \(HumanTime.count(outcome.artifacts.count, "artifact"))"
        + " and \(HumanTime.count(outcome.files.count, "file")), \(HumanTime.bytes(outcome.bytes))."
    )
    if outcome.inUse > 0 {
      Terminal.tell(
        "Left: \(HumanTime.count(outcome.inUse, "artifact")) of that age; unfinished jobs wait for what made them.")
    }
  }
}
