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
    let database = try await shared.openQueue()
    let queues = try await database.queues()
    let forecast = try await database.forecast()
    if json {
      return Terminal.print(
        JSONValue.array(queues.map { Documents.queue($0, eta: forecast.eta(of: $0.name)) }).text)
    }
    if queues.isEmpty { return Terminal.tell("No queues yet.") }
    let now = WallClock.system.now()
    var table = Table([
      .text("QUEUE"), .number("MAX"), .number("MIN"), .number("RUNNING"), .number("AVAILABLE"), .number("SCHEDULED"),
      .number("BLOCKED"), .number("OLDEST"), .number("DONE IN"), .text("LIMITS"),
    ])
    table.rows = queues.map { queue in
      [
        "\(queue.name)", "\(queue.maxConcurrency)", "\(queue.minConcurrency)", "\(queue.running)",
        "\(queue.available)", "\(queue.scheduled)", "\(queue.blocked)",
        "\(queue.oldestAvailableAt.map { HumanTime.age($0.duration(to: now)) } ?? "-")",
        "\(doneIn(queue, forecast))", Table.Cell(limits(of: queue), style: queue.paused ? .yellow : nil),
      ]
    }
    table.print()
  }

  /// Until it is empty, if nothing is added; `?` when that is not known.
  private func doneIn(_ queue: QueueStatus, _ forecast: Forecast) -> String {
    if queue.running == 0, queue.available == 0 { return "-" }
    return forecast.eta(of: queue.name).map { HumanTime.age($0) } ?? "?"
  }

  private func limits(of queue: QueueStatus) -> String {
    [
      queue.paused ? "paused" : nil, queue.maxPerTenant.map { "\($0) per tenant" },
      queue.maxStartsPerMinute.map { "\($0) starts per minute" },
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
