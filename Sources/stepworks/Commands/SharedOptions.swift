import ArgumentParser
import Foundation
import Jobs
import Logging
import Queueing
import SystemPackage
import Telemetry

/// The options of every command that uses a database.
struct SharedOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The database file; also STEPWORKS_DATABASE.", valueName: "path"),
    completion: .file())
  var database: String?

  @Option(
    help: ArgumentHelp(
      "The configuration file; also STEPWORKS_CONFIG. Default: \(SettingsFile.whereItIsLookedFor).",
      valueName: "path"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("Colours: auto (on a terminal), always or never; also NO_COLOR.", valueName: "when"))
  var color = ColourChoice.auto

  func validate() { Terminal.colourChoice = color }

  /// Every value with the place it comes from.
  /// - Parameter flags: what other flags of the command say, by the name of the key.
  func values(overriding flags: [String: String] = [:]) async throws -> SettingValues {
    var flags = flags
    if let database { flags[SettingKey.databasePath.name] = database }
    return try await SettingsLoader(
      flags: flags, configPath: config, environment: ProcessInfo.processInfo.environment,
      workingDirectory: Settings.Surroundings.current.workingDirectory
    ).load()
  }

  func settings(overriding flags: [String: String] = [:]) async throws -> Settings {
    Settings(try await values(overriding: flags), in: .current)
  }

  /// Opens the database, which must be there.
  func openQueue() async throws -> JobQueue { try await settings().openQueue(.existing) }
}

extension Settings.Surroundings {
  static let current = Settings.Surroundings(
    workingDirectory: FilePath(FileManager.default.currentDirectoryPath),
    programDirectory: FilePath((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/")
      .removingLastComponent(),
    processorCount: ProcessInfo.processInfo.activeProcessorCount,
    gpuCount: (try? FileManager.default.contentsOfDirectory(atPath: "/proc/driver/nvidia/gpus"))?.count ?? 0,
    searchPath: (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { FilePath(String($0)) })
}

extension Settings {
  /// - Throws: ``CommandFailure`` when the directory of a new file does not exist, ``QueueError`` for the rest.
  func openQueue(_ opening: DatabaseOptions.Opening) throws -> JobQueue {
    let directory = FilePath(database.path).removingLastComponent().string
    if case .createOrMigrate = opening, !FileManager.default.fileExists(atPath: directory) {
      throw CommandFailure(
        .cannotCreate, "The directory \(directory) does not exist; make it first: mkdir -p \(directory)")
    }
    return try JobQueue(
      path: database.path, options: DatabaseOptions(durability: database.durability, opening: opening))
  }

  /// A logger on standard error as `log.level` and `log.format` say.
  func makeLogger(_ label: String, _ threshold: LogThreshold) -> Logger {
    let format = log.format.flatMap(LogFormat.init(rawValue:)) ?? .automatic
    return Logger(label: label) { _ in LineLogHandler(format: format, threshold: threshold) }
  }

  var logThreshold: LogThreshold { LogThreshold(Logger.Level(rawValue: log.level) ?? .info) }
}
