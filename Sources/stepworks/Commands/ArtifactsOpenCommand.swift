import ArgumentParser
import Artifacts
import Foundation
import Jobs
import Queueing
import SystemPackage

struct ArtifactsOpenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open",
    abstract: "Print the path of an artifact, and open it where there is a display.",
    discussion: """
      It is opened with xdg-open when standard output is a terminal and a display is there; otherwise the path is all.

      EXAMPLES
        stepworks artifacts open 12
        feh "$(stepworks artifacts open 12)"
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The artifact.", valueName: "id|path|digest"))
  var name: String

  func run() async throws {
    let stored = try await ArtifactLookup(queue: try await shared.openQueue()).find(name)
    let path = FilePath(stored.artifact.path)
    guard FileStatus.exists(path) else {
      throw CommandFailure(.missingInput, StoreFault(path: path, kind: .missing).description)
    }
    Terminal.print(path.string)
    guard isatty(STDOUT_FILENO) == 1, hasDisplay else { return }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["xdg-open", path.string]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailure(.unavailable, "xdg-open could not open it; it is a \(stored.artifact.mediaType) file.")
    }
  }

  private var hasDisplay: Bool {
    let environment = ProcessInfo.processInfo.environment
    return ["DISPLAY", "WAYLAND_DISPLAY"].contains { !(environment[$0] ?? "").isEmpty }
  }
}
