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
    guard let job = try await queue.job(id) else { throw QueueError.noSuchJob(id) }
    var details = JobDetails(
      job: job, artifacts: try await queue.artifacts(of: id), dependencies: try await queue.dependencyResults(of: id),
      maker: try await queue.maker(for: id), events: try await queue.events(of: id),
      logDirectory: job.fence > 0 ? settings.dataDirectory.appending("logs/attempt-\(job.token)").string : nil)
    if !job.state.isFinal { details.eta = try await queue.forecast(for: [job]).eta(of: id) }
    if json {
      Terminal.print(details.document.text)
    } else {
      for line in details.lines(now: WallClock.system.now(), colour: Terminal.hasColour) { Terminal.print(line) }
    }
  }
}
