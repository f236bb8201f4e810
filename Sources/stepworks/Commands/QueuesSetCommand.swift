import ArgumentParser
import Jobs
import Queueing

struct QueuesSetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Change the limits of a queue; every worker follows at its next claim.",
    discussion: """
      A smaller limit lets running jobs finish and starts fewer; it ends none.

      EXAMPLES
        stepworks queues set cad --max 4
        stepworks queues set render --pause
        stepworks queues set default --max-per-tenant 8 --max-starts-per-minute none
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The queue.", valueName: "name"))
  var name: String

  @Option(help: ArgumentHelp("How many jobs may run at once, over all workers together: 1 to 10000.", valueName: "n"))
  var max: Int?

  @Option(help: ArgumentHelp("How many places are kept at least: 0 to --max.", valueName: "n"))
  var min: Int?

  @Flag(exclusivity: .exclusive, help: "Start no jobs of this queue until --resume; running ones go on.")
  var pausing: Pausing?

  @Option(help: ArgumentHelp("How many jobs of one tenant may run at once: 1 to 10000, or none.", valueName: "n|none"))
  var maxPerTenant: Limit?

  @Option(help: ArgumentHelp("How many jobs may start in a minute: 1 to 1000000, or none.", valueName: "n|none"))
  var maxStartsPerMinute: Limit?

  @Flag(help: "Print the queue as one JSON object.")
  var json = false

  enum Pausing: String, EnumerableFlag {
    case pause, resume
  }

  struct Limit: ExpressibleByArgument {
    let change: LimitChange

    init?(argument: String) {
      if argument == "none" {
        change = .none
      } else if let number = Int(argument) {
        change = .limit(number)
      } else {
        return nil
      }
    }
  }

  func validate() throws {
    func check(_ value: Int?, _ range: ClosedRange<Int>, _ flag: String) throws {
      guard let value, !range.contains(value) else { return }
      throw ValidationError("\(flag) must be from \(range.lowerBound) to \(range.upperBound), not \(value).")
    }
    try check(max, 1...10_000, "--max")
    try check(min, 0...10_000, "--min")
    try check(maxPerTenant?.number, 1...10_000, "--max-per-tenant")
    try check(maxStartsPerMinute?.number, 1...1_000_000, "--max-starts-per-minute")
    if max == nil, min == nil, pausing == nil, maxPerTenant == nil, maxStartsPerMinute == nil {
      throw ValidationError("Nothing to change: give --max, --min, --pause, --resume or another limit.")
    }
  }

  func run() async throws {
    let queue = try await shared.openQueue()
    let name = QueueName(rawValue: name)
    let known = try await queue.queues().first { $0.name == name }
    if let known, let conflict = conflict(with: known) { throw CommandFailure(.refused, conflict) }
    try await queue.configure(
      name, maxConcurrency: max, minConcurrency: min, paused: pausing.map { $0 == .pause },
      maxPerTenant: maxPerTenant?.change ?? .keep, maxStartsPerMinute: maxStartsPerMinute?.change ?? .keep)
    let overview = try await queue.overview(limit: 0)
    guard let status = overview.queues.first(where: { $0.name == name }) else { return }
    if json {
      let workers = overview.workers.count { $0.serves(name) }
      return Terminal.print(Documents.queue(status, eta: nil, workers: workers).text)
    }
    let paused = status.paused ? ", paused" : ""
    Terminal.print("Queue \(name): at most \(status.maxConcurrency) at once, \(status.running) running\(paused).")
  }

  /// The schema refuses it too, in SQLite's words.
  private func conflict(with known: QueueStatus) -> String? {
    let (greatest, least) = (max ?? known.maxConcurrency, min ?? known.minConcurrency)
    guard least > greatest else { return nil }
    return "Queue \(known.name) would keep \(least) places and allow only \(greatest); set both: --min N --max N."
  }
}

extension QueuesSetCommand.Limit {
  fileprivate var number: Int? { if case .limit(let number) = change { number } else { nil } }
}
