import ArgumentParser
import Artifacts
import Foundation
import Jobs
import Queueing
import SystemPackage

struct ArtifactsExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Put files into a directory, under names made by a template.",
    discussion: """
      Everything is decided and checked before anything is written; each file is compared with its digest and appears \
      whole, by rename. A slash in a template makes a directory, one in a value does not. Files of the same content at \
      the same place are one; a file that is there already with that content is left as it is.

      Copies may be changed. With --link a file is a second name of the one in the store, at no cost of space, and \
      read-only: who changes it nevertheless damages the store (stepworks artifacts verify finds it).

      VARIABLES OF A TEMPLATE
      \(NameTemplate.Variable.allCases.map { "  {\($0.rawValue)}  \($0.summary)" }.joined(separator: "\n"))
        {stem:40}  cut after 40 characters; so for every variable

      EXAMPLES
        stepworks artifacts export --to media --latest
        stepworks artifacts export 12 13 --to media --template '{source}-{view}{suffix}'
        stepworks artifacts export --job 12 --to media --template '{tenant}/{source}/{role}{suffix}' --dry-run
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("These artifacts. Default: all that the filters leave.", valueName: "id"))
  var ids: [Int64] = []

  @Option(
    help: ArgumentHelp("The directory; it is made if it is not there.", valueName: "directory"), completion: .directory)
  var to: String

  @Option(help: "Where each file goes in it.")
  var template = "{source}/{name}"

  @OptionGroup var which: ArtifactFilterOptions

  @Flag(help: "Only those that no later job with the same step and parameters has made again.")
  var latest = false

  @Flag(help: "Second names of the files in the store in place of copies, where the file system can.")
  var link = false

  @Flag(help: "Different files at one place become name-2, name-3, … in place of an error.")
  var number = false

  @Flag(help: "Replace files that are there already with other content, in place of an error.")
  var replace = false

  @Flag(help: "Say what would be written, and write nothing.")
  var dryRun = false

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let template = try NameTemplate(template)
    let settings = try await shared.settings()
    let artifacts = try await artifacts(in: try settings.openQueue(.existing))
    if artifacts.isEmpty {
      throw CommandFailure(.missingInput, "No artifact is left by these filters; nothing is written.")
    }
    let wanted = try artifacts.map { stored in
      PlacedFile(
        path: FilePath(stored.artifact.path), sha256: stored.artifact.sha256, bytes: stored.artifact.bytes,
        place: try template.place(of: stored.description))
    }
    let plan = try PlacementPlan(wanted, isNumbered: number)
    let directory = Settings.Surroundings.current.absolute(to)
    if let place = plan.intrusion(into: settings.dataDirectory, from: directory) {
      throw CommandFailure(
        .refused,
        "\(place) is in the data directory \(settings.dataDirectory), which holds nothing but what workers write; choose another directory."
      )
    }
    let standings = try await standings(of: plan, in: directory)
    if !dryRun {
      try await write(zip(plan.files, standings).filter { $0.1 != .same }.map(\.0), into: directory)
    }
    report(plan.files, standings, directory)
  }

  private func artifacts(in queue: JobQueue) async throws -> [StoredArtifact] {
    try await which.check(in: queue)
    var filter = which.filter(now: WallClock.system.now())
    filter.ids = Set(ids)
    filter.age = latest ? .latest : nil
    let artifacts = try await queue.storedArtifacts(filter)
    if which.isEmpty, !latest, let unknown = filter.ids.subtracting(artifacts.map(\.id)).min() {
      throw CommandFailure(.missingInput, "There is no artifact \(unknown).")
    }
    // The oldest first: numbers stay the same when more is made.
    return artifacts.reversed()
  }

  private func standings(of plan: PlacementPlan, in directory: FilePath) async throws -> [Placement.Standing] {
    let progress = WorkProgress("comparing", items: plan.files.count, isQuiet: json)
    defer { progress.finish() }
    let standings = try await BlockingIO.run {
      try plan.files.map { file in
        defer { progress.advance() }
        return try Placement.standing(of: file, in: directory)
      }
    }
    if !replace, let file = zip(plan.files, standings).first(where: { $0.1 == .another })?.0 {
      throw CommandFailure(
        .refused,
        "\(directory.appending(file.place)) is there already and is another file; --replace replaces it, or choose another template."
      )
    }
    return standings
  }

  private func write(_ files: [PlacedFile], into directory: FilePath) async throws {
    if files.isEmpty { return }
    let name = "export-\(UUID().uuidString)"
    let placement = try await BlockingIO.run {
      if FileStatus.exists(directory) {
        try Placement.removeLeftovers(in: directory, named: name, now: WallClock.system.now())
      }
      return try Placement(into: directory, as: name)
    }
    let progress = WorkProgress(
      "exporting", items: files.count, bytes: files.map(\.bytes).reduce(0, +), isQuiet: json)
    defer { progress.finish() }
    do {
      for file in files {
        try await BlockingIO.run { [link] in try placement.stage(file, isLinked: link) }
        progress.advance(bytes: file.bytes)
      }
      try await BlockingIO.run { try placement.publish(files.map(\.place)) }
    } catch {
      try? await BlockingIO.run { try placement.discard() }  // the first error is the one to tell
      throw error
    }
    try await BlockingIO.run { try placement.discard() }
  }

  private func report(_ files: [PlacedFile], _ standings: [Placement.Standing], _ directory: FilePath) {
    let paths = files.map { directory.appending($0.place).string }
    if json {
      let documents = zip(zip(files, paths), standings).map { file, standing in
        JSONValue.object([
          "path": .string(file.1), "from": .string(file.0.path.string), "bytes": .integer(file.0.bytes),
          "sha256": .string(file.0.sha256), "was_there": .bool(standing == .same),
        ])
      }
      return Terminal.print(JSONValue.array(documents).text)
    }
    for path in paths { Terminal.print(path) }
    let fresh = zip(files, standings).filter { $0.1 != .same }.map(\.0)
    let bytes = HumanTime.bytes(fresh.map(\.bytes).reduce(0, +))
    Terminal.tell(
      "\(dryRun ? "Would write" : "Wrote") \(HumanTime.count(fresh.count, "file")) (\(bytes)); \(files.count - fresh.count) were there already."
    )
  }
}

extension StoredArtifact {
  fileprivate var description: FileDescription {
    FileDescription(
      path: artifact.path, role: artifact.role, sha256: artifact.sha256, step: step, jobID: jobID, tenant: tenant,
      source: source, view: view, frame: frame, date: createdAt)
  }
}
