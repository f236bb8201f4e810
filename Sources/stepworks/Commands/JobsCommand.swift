import ArgumentParser
import Jobs
import Queueing

struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs",
    abstract: "List jobs, the newest first.",
    discussion: """
      EXAMPLES
        stepworks jobs
        stepworks jobs --state failed --limit 10
        stepworks jobs --step export_glb --json | jq '.[].error.message'
      """)

  @OptionGroup var shared: SharedOptions

  @Option(
    name: .long, parsing: .singleValue,
    help: "Only jobs in this state: \(JobState.allCases.map(\.rawValue).joined(separator: ", ")). May be repeated.",
    completion: .list(JobState.allCases.map(\.rawValue)))
  var state: [JobState] = []

  @Option(name: .long, parsing: .singleValue, help: "Only jobs of this step. May be repeated.")
  var step: [String] = []

  @Option(help: "Only jobs of this queue.")
  var queue: String?

  @Option(help: "Only jobs of this tenant.")
  var tenant: String?

  @Option(help: "How many at most, from 1 to 100000.")
  var limit = 50

  @Flag(help: "Print one JSON array.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 100000, not \(limit).")
    }
  }

  func run() async throws {
    let database = try await shared.openQueue()
    let jobs = try await database.jobs(
      JobFilter(
        states: Set(state), steps: Set(step.map(StepName.init(rawValue:))), queue: queue.map(QueueName.init(rawValue:)),
        tenant: tenant, limit: limit))
    if json {
      return Terminal.print(JSONValue.array(jobs.map { .object(Documents.job($0)) }).text)
    }
    if jobs.isEmpty { return Terminal.tell("No jobs.") }
    let waits = try await database.unfinishedDependencies(of: jobs.filter { $0.state == .blocked }.map(\.id))
    let now = WallClock.system.now()
    var table = Table([
      .number("ID"), .text("STEP"), .text("STATE"), .text("QUEUE"), .number("ATTEMPT"), .number("AGE"),
      .text("SOURCE", atMost: 40), .text("NOTE"),
    ])
    table.rows = jobs.map { job in
      [
        "\(job.id)", "\(job.step)", job.stateCell, "\(job.queue)", "\(job.attempt)/\(job.maxAttempts)",
        "\(HumanTime.age(job.createdAt.duration(to: now)))", "\(job.subject)",
        "\(job.note(now: now, waitingFor: waits[job.id] ?? []))",
      ]
    }
    table.print()
    if jobs.count == limit { Terminal.tell("Only the newest \(limit); --limit shows more.") }
  }
}

extension JobState: ExpressibleByArgument {}
