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
        stepworks jobs --state failed --since 1d
        stepworks jobs --state failed --wide           with the whole sentences
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

  @Option(help: ArgumentHelp("Only jobs created since: \(Moment.help).", valueName: "when"))
  var since: String?

  @Option(help: "How many at most, from 1 to 100000.")
  var limit = 50

  @Flag(help: "Cut neither names nor lines, however wide they become.")
  var wide = false

  @Flag(help: "Print one JSON array.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit must be from 1 to 100000, not \(limit).")
    }
    try Moment.check("--since", since)
  }

  func run() async throws {
    let database = try await shared.openQueue()
    let filter = filter(now: WallClock.system.now())
    try await database.checkKnown(steps: filter.steps, queue: filter.queue, tenant: tenant)
    let jobs = try await database.jobs(filter)
    if json {
      return Terminal.print(JSONValue.array(jobs.map { .object(Documents.job($0)) }).text)
    }
    if jobs.isEmpty { return Terminal.tell("No jobs.") }
    let waits = try await database.unfinishedDependencies(of: jobs.filter { $0.state == .blocked }.map(\.id))
    let firstStarts = try await database.firstStarts(of: jobs.filter { $0.state == .completed }.map(\.id))
    let forecast = try await database.forecast(for: jobs.filter(\.isUnderWay))
    let now = WallClock.system.now()
    let isOfSeveralTenants = jobs.contains { $0.tenant != "default" }
    let limit = wide ? nil : Self.nameLimit
    var table = Table([
      .number("ID"), .text("STEP"), .text("STATE"), .text("QUEUE", rank: 2), .text("TENANT", atMost: limit, rank: 3),
      .number("ATTEMPT", rank: 4), .number("AGE", rank: 1), .text("SOURCE", atMost: limit, rank: 5), .text("NOTE"),
    ])
    table.rows = jobs.map { job in
      let remaining = job.isUnderWay ? forecast.remaining(of: job) : nil
      let note = job.note(now: now, waitingFor: waits[job.id] ?? [], firstStart: firstStarts[job.id])
      return [
        "\(job.id)", "\(job.step)", job.stateCell, "\(job.queue)", "\(isOfSeveralTenants ? job.tenant : "")",
        "\(job.attempt)/\(job.maxAttempts)", "\(HumanTime.age(job.createdAt.duration(to: now)))", "\(job.subject)",
        "\(Job.line([note, remaining]))",
      ]
    }
    table.withoutEmptyColumns.print(isCut: !wide)
    if jobs.count == self.limit { Terminal.tell("Only the newest \(self.limit); --limit shows more.") }
  }

  /// Of names, in columns of the terminal.
  private static let nameLimit = 40

  private func filter(now: Timestamp) -> JobFilter {
    JobFilter(
      states: Set(state), steps: Set(step.map(StepName.init(rawValue:))), queue: queue.map(QueueName.init(rawValue:)),
      tenant: tenant, since: since.flatMap { Moment.time($0, now: now) }, limit: limit)
  }
}

extension JobState: ExpressibleByArgument {}
