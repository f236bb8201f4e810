import ArgumentParser
import Jobs
import Queueing

struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Set failed or cancelled jobs going again.",
    discussion: """
      With fresh budgets of attempts and crashes. What it had asked for and did not complete goes again with it; jobs that \
      failed only because they waited for it wait for it again.

      EXAMPLES
        stepworks retry 12
        stepworks jobs --state failed --json | jq '.[].id' | xargs stepworks retry
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The jobs.", valueName: "id"))
  var ids: [JobID]

  @Flag(help: "Print the ids of all jobs that wait again as one JSON array.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    var failures = Refusals()
    var waiting: [JobID] = []
    for id in ids where !waiting.contains(id) {
      do {
        let revived = try await queue.retry(id)
        waiting += revived
        guard !json else { continue }
        let others = revived.dropFirst()
        Terminal.print(
          others.isEmpty
            ? "Job \(id) waits again."
            : "Job \(id) waits again, and with it \(others.map { "job \($0)" }.joined(separator: ", ")).")
      } catch {
        failures.add(error)
      }
    }
    if json { Terminal.print(JSONValue.array(waiting.map { .integer($0) }).text) }
    try failures.throwFirst()
  }
}
