import ArgumentParser
import Artifacts
import Jobs
import Queueing
import SystemPackage

struct ArtifactsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read files again and compare them with their digests.",
    discussion: """
      Names the files that are damaged or missing, and ends with status 1 when there is one. What to do: enqueue the job \
      again, which makes the file anew at its place.

      EXAMPLES
        stepworks artifacts verify 12 13
        stepworks artifacts verify --all
        stepworks artifacts verify --role glb --since 7d --json
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The artifacts.", valueName: "id"))
  var ids: [Int64] = []

  @Flag(help: "All artifacts.")
  var all = false

  @OptionGroup var which: ArtifactFilterOptions

  @Flag(help: "Print one JSON array, an object a file.")
  var json = false

  func validate() throws {
    if all == (!ids.isEmpty || !which.isEmpty) {
      throw ValidationError("Say which artifacts: ids, filters such as --role glb, or --all.")
    }
  }

  private enum Condition: String { case ok, damaged, missing, unreadable }

  func run() async throws {
    let queue = try await shared.openQueue()
    let artifacts = try await artifacts(in: queue)
    // Several artifacts may name one file.
    var byPath: [String: [StoredArtifact]] = [:]
    for stored in artifacts { byPath[stored.artifact.path, default: []].append(stored) }
    let files = byPath.values.compactMap(\.first).sorted { $0.id < $1.id }
    let progress = WorkProgress(
      "verifying", items: files.count, bytes: files.map(\.artifact.bytes).reduce(0, +), isQuiet: json)
    defer { progress.finish() }
    var found: [(stored: StoredArtifact, condition: Condition)] = []
    for stored in files {
      found.append((stored, try await Self.condition(of: stored.artifact, progress)))
      progress.advance()
    }
    progress.finish()
    report(found, byPath)
    if found.contains(where: { $0.condition != .ok }) { throw ExitCode(ExitStatus.jobFailed.rawValue) }
  }

  private func artifacts(in queue: JobQueue) async throws -> [StoredArtifact] {
    try await which.check(in: queue)
    var filter = which.filter(now: WallClock.system.now())
    filter.ids = Set(ids)
    let artifacts = try await queue.storedArtifacts(filter)
    if which.isEmpty, let unknown = filter.ids.subtracting(artifacts.map(\.id)).min() {
      throw CommandFailure(.missingInput, "There is no artifact \(unknown).")
    }
    return artifacts
  }

  private static func condition(of artifact: Artifact, _ progress: WorkProgress) async throws -> Condition {
    do {
      let digest = try await BlockingIO.run {
        try FileDigest(of: FilePath(artifact.path), followSymlinks: false) { progress.advance(items: 0, bytes: $0) }
      }
      return digest.sha256 == artifact.sha256 ? .ok : .damaged
    } catch let error as StoreError {
      return error.errno == .noSuchFileOrDirectory ? .missing : .unreadable
    }
  }

  private func report(_ found: [(stored: StoredArtifact, condition: Condition)], _ byPath: [String: [StoredArtifact]]) {
    if json {
      let documents = found.map { stored, condition in
        JSONValue.object([
          "path": .string(stored.artifact.path), "condition": .string(condition.rawValue),
          "artifacts": .array((byPath[stored.artifact.path] ?? []).map { .integer($0.id) }),
          "jobs": .array((byPath[stored.artifact.path] ?? []).map { .integer($0.jobID) }),
        ])
      }
      return Terminal.print(JSONValue.array(documents).text)
    }
    let bad = found.filter { $0.condition != .ok }
    for (stored, condition) in bad {
      Terminal.print(
        "\(TextWidth.padded(condition.rawValue, to: 10))  artifact \(stored.id)  job \(stored.jobID)  \(stored.artifact.path)"
      )
    }
    if found.isEmpty { return Terminal.tell("No artifacts.") }
    Terminal.tell(
      bad.isEmpty
        ? "All \(found.count) files are what was published."
        : "\(bad.count) of \(found.count) files are not what was published; enqueue their jobs again, which makes them anew."
    )
  }
}
