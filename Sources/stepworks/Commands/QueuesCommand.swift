import ArgumentParser
import Jobs
import Queueing

struct QueuesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queues",
    abstract: "List the queues, or change their limits.",
    discussion: """
      EXAMPLES
        stepworks queues
        stepworks queues set cad --max 4
        stepworks queues set cad --pause
      """,
    subcommands: [QueuesListCommand.self, QueuesSetCommand.self],
    defaultSubcommand: QueuesListCommand.self)
}

struct QueuesListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the queues (the default).")

  @OptionGroup var shared: SharedOptions

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let queues = try await shared.openQueue().queues()
    if json { return Terminal.print(JSONValue.array(queues.map(Documents.queue)).text) }
    if queues.isEmpty { return Terminal.tell("No queues yet.") }
    let now = WallClock.system.now()
    var table = Table([
      .text("QUEUE"), .number("MAX"), .number("MIN"), .number("RUNNING"), .number("AVAILABLE"), .number("SCHEDULED"),
      .number("BLOCKED"), .number("OLDEST"), .text("LIMITS"),
    ])
    table.rows = queues.map { queue in
      [
        "\(queue.name)", "\(queue.maxConcurrency)", "\(queue.minConcurrency)", "\(queue.running)",
        "\(queue.available)", "\(queue.scheduled)", "\(queue.blocked)",
        "\(queue.oldestAvailableAt.map { HumanTime.age($0.duration(to: now)) } ?? "-")",
        Table.Cell(limits(of: queue), style: queue.paused ? .yellow : nil),
      ]
    }
    table.print()
  }

  private func limits(of queue: QueueStatus) -> String {
    [
      queue.paused ? "paused" : nil, queue.maxPerTenant.map { "\($0) per tenant" },
      queue.maxStartsPerMinute.map { "\($0) starts per minute" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
