import ArgumentParser
import Jobs
import Queueing

struct QueuesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queues",
    abstract: "List the queues, or change their limits.",
    discussion: """
      WORKERS: those that live and take jobs from the queue. RUNNING: how many jobs, of how many at most. OLDEST: how long the oldest \
      available job waits. EMPTY IN: a forecast for what is available and blocked, by how long such runs took before. - \
      where nothing waits, or it is not known.

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
    let overview = try await database.overview(limit: 0)
    let queues = overview.queues
    func workers(_ queue: QueueStatus) -> Int { overview.workers.count { $0.serves(queue.name) } }
    let forecast = try await database.forecast()
    if json {
      return Terminal.print(
        JSONValue.array(
          queues.map { Documents.queue($0, eta: forecast.eta(of: $0.name), workers: workers($0)) }
        ).text)
    }
    if queues.isEmpty { return Terminal.tell("No queues yet.") }
    let now = WallClock.system.now()
    var table = Table([
      .text("QUEUE", atMost: 20), .number("WORKERS"), .number("RUNNING"), .number("MIN", rank: 5), .number("AVAILABLE"),
      .number("SCHEDULED", rank: 4), .number("BLOCKED", rank: 3), .number("OLDEST", rank: 2),
      .number("EMPTY IN", rank: 1), .text("LIMITS"),
    ])
    table.rows = queues.map { queue in
      let count = workers(queue)
      let emptyIn = queue.available + queue.blocked > 0 ? forecast.eta(of: queue.name) : nil
      return [
        "\(queue.name)", Table.Cell("\(count)", style: count == 0 && queue.available > 0 ? .red : nil),
        "\(queue.running)/\(queue.maxConcurrency)", "\(queue.minConcurrency)", "\(queue.available)",
        "\(queue.scheduled)", "\(queue.blocked)",
        "\(queue.oldestAvailableAt.map { HumanTime.age($0.duration(to: now)) } ?? "-")",
        "\(emptyIn.map { "~\(HumanTime.span($0))" } ?? "-")",
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
