import ArgumentParser
import Jobs
import Queueing
import SystemPackage

struct JobCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "job",
    abstract: "Show all there is to know about one job.",
    discussion: """
      EXAMPLES
        stepworks job 12
        stepworks job 12 --json | jq -r '.artifacts[].path'
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The job.", valueName: "id"))
  var id: JobID

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let settings = try await shared.settings()
    let queue = try settings.openQueue(.existing)
    guard let details = try await JobDetails(of: id, in: queue, dataDirectory: settings.dataDirectory) else {
      throw QueueError.noSuchJob(id)
    }
    if json {
      Terminal.print(details.document.text)
    } else {
      for line in details.lines(now: WallClock.system.now(), colour: Terminal.hasColour) { Terminal.print(line) }
    }
  }
}
