import ArgumentParser
import Jobs
import Queueing

struct WaitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait",
    abstract: "Wait until jobs are final, and show how they come along.",
    discussion: """
      For jobs that were inserted by other programs; stepworks enqueue --wait does the same for its own. Prints the \
      paths of their artifacts. Exit status 1: a job failed; 2: a job was cancelled.

      EXAMPLES
        stepworks wait 12
        stepworks wait 12 13 --json
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The jobs.", valueName: "id"))
  var ids: [JobID]

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    let follower = try JobFollower(queue)
    for id in ids where try await queue.job(id) == nil { throw QueueError.noSuchJob(id) }
    let outcome = try await follower.follow(ids)
    if json { Terminal.print(JSONValue.array(outcome.documents).text) } else { outcome.printPaths() }
    try outcome.throwFailure()
  }
}
