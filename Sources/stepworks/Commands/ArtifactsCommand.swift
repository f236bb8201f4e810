import ArgumentParser
import Jobs
import Queueing

struct ArtifactsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "artifacts",
    abstract: "List what was made; show it, check it, export it, remove what nobody needs.",
    discussion: """
      EXAMPLES
        stepworks artifacts
        stepworks artifacts --role glb --source bearing --since 1d
        stepworks artifacts show 12
        stepworks artifacts open 12
        stepworks artifacts verify --all
        stepworks artifacts export --to media --template '{source}/{role}{suffix}'
        stepworks artifacts gc --older-than 90d --dry-run
      """,
    subcommands: [
      ArtifactsListCommand.self, ArtifactsShowCommand.self, ArtifactsOpenCommand.self, ArtifactsVerifyCommand.self,
      ArtifactsExportCommand.self, ArtifactsCollectCommand.self,
    ],
    defaultSubcommand: ArtifactsListCommand.self)
}

struct ArtifactsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List artifacts, the newest first (the default).",
    discussion: """
      EXAMPLES
        stepworks artifacts --role glb --limit 10
        stepworks artifacts --text brass --latest
        stepworks artifacts --job 12 --json | jq -r '.[].path'
      """)

  @OptionGroup var shared: SharedOptions
  @OptionGroup var which: ArtifactFilterOptions

  @Flag(help: "Only those that no later job with the same step and parameters has made again.")
  var latest = false

  @Option(help: "How many at most, from 1 to 100000.")
  var limit = 50

  @Flag(help: "Print one JSON array.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 100000, not \(limit).")
    }
  }

  func run() async throws {
    let queue = try await shared.openQueue()
    let now = WallClock.system.now()
    try await which.check(in: queue)
    var filter = which.filter(now: now)
    filter.age = latest ? .latest : nil
    filter.limit = limit
    let artifacts = try await queue.storedArtifacts(filter)
    if json { return Terminal.print(JSONValue.array(artifacts.map(Documents.storedArtifact)).text) }
    if artifacts.isEmpty { return Terminal.tell("No artifacts.") }
    var table = Table([
      .number("ID"), .number("JOB"), .text("ROLE"), .number("SIZE"), .number("AGE"), .text("SOURCE", atMost: 40),
      .text("PATH"),
    ])
    table.rows = artifacts.map { stored in
      [
        "\(stored.id)", "\(stored.jobID)", "\(stored.artifact.role)", "\(HumanTime.bytes(stored.artifact.bytes))",
        "\(HumanTime.age(stored.createdAt.duration(to: now)))", "\(stored.sourceName)", "\(stored.artifact.path)",
      ]
    }
    table.print()
    if artifacts.count == limit { Terminal.tell("Only the newest \(limit); --limit shows more.") }
  }
}

extension StoredArtifact {
  /// The last part of its source; empty without one.
  var sourceName: String { source?.split(separator: "/").last.map(String.init) ?? "" }
}
