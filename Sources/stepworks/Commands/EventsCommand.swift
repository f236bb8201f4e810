import ArgumentParser
import Jobs
import Queueing

struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Show what happened, and with --follow what happens.",
    discussion: """
      Each event has an id that only grows; --after ID goes on where a reader left off. Times are local, with the zone \
      (Z is UTC; TZ=UTC shows all in it); in JSON they are UTC.

      EXAMPLES
        stepworks events --follow
        stepworks events --job 12
        stepworks events --since 1h --kind failed --kind retry_scheduled
        stepworks events --follow --after 0 --json | jq -c 'select(.kind == "failed")'
      """)

  @OptionGroup var shared: SharedOptions

  @Flag(name: .shortAndLong, help: "Go on until Ctrl-C.")
  var follow = false

  @Option(help: ArgumentHelp("Only events of this job, from its first on.", valueName: "id"))
  var job: JobID?

  @Option(help: ArgumentHelp("Start after this event; 0 is the beginning.", valueName: "event-id"))
  var after: Int64?

  @Option(help: ArgumentHelp("Start with what happened since: \(Moment.help).", valueName: "when"))
  var since: String?

  @Option(
    help: ArgumentHelp("Start with this many of the newest. Default: 20; all with --job.", valueName: "n"))
  var last: Int?

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Only events of this kind, such as failed. May be repeated.", valueName: "kind"),
    completion: .list(JobEventKind.allCases.map(\.rawValue)))
  var kind: [JobEventKind] = []

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    if let last, last < 0 { throw ValidationError("--last must not be negative.") }
    try Moment.check("--since", since)
    guard [after != nil, since != nil, last != nil].count(where: \.self) <= 1 else {
      throw ValidationError("Give one of --after, --since and --last.")
    }
  }

  func run() async throws {
    let queue = try await shared.openQueue()
    if let job, try await queue.job(job) == nil { throw QueueError.noSuchJob(job) }
    // Watching begins before the first look, so that nothing falls between them.
    let watcher = follow ? try CommitWatcher(queue) : nil
    var position = try await start(in: queue)
    position = try await printEvents(after: position, of: queue)
    guard let watcher else { return }
    try await WakeUps.look(at: watcher, every: .seconds(2)) {
      position = try await printEvents(after: position, of: queue)
      return true
    }
  }

  private func start(in queue: JobQueue) async throws -> Int64 {
    if let after { return after }
    if let since = since.flatMap({ Moment.time($0, now: WallClock.system.now()) }) {
      return try await queue.lastEvent(before: since)
    }
    if job != nil, last == nil { return 0 }
    return try await queue.position(ofLast: last ?? 20, of: job, kinds: Set(kind))
  }

  /// - Returns: the id of the last event there is.
  private func printEvents(after position: Int64, of queue: JobQueue) async throws -> Int64 {
    var position = position
    try queue.checkFileIsInPlace()
    while true {
      // Read first: what comes between the two is among the events.
      let newest = try await queue.lastEventID()
      let events = try await queue.events(after: position, of: job, kinds: Set(kind))
      guard let last = events.last else { return max(position, newest) }
      let steps = try await queue.steps(of: Set(events.map(\.jobID)))
      for event in events { Terminal.print(json ? document(event, steps) : line(event, steps)) }
      position = last.id
    }
  }

  private func document(_ event: JobEvent, _ steps: [JobID: StepName]) -> String {
    var members = Documents.event(event).objectValue ?? [:]
    members["step"] = steps[event.jobID].map { .string($0.rawValue) } ?? .null
    return JSONValue.object(members).text
  }

  /// `2026-01-31 12:00:00.000Z  job 12  export_glb  failed  …`: the detail is never cut.
  private func line(_ event: JobEvent, _ steps: [JobID: StepName]) -> String {
    let kind = TextWidth.padded(event.kind.rawValue, to: 16)
    let styled = Terminal.hasColour ? event.kind.style?.applied(to: kind) ?? kind : kind
    let job = TextWidth.padded("job \(event.jobID)", to: 10)
    let step = TextWidth.padded(steps[event.jobID]?.rawValue ?? "-", to: 16)
    let line = "\(LocalTime(event.at).text)  \(job)  \(step)  \(styled)"
    return event.detailText.isEmpty ? line.trimmingTrailingSpaces : "\(line)  \(event.detailText)"
  }
}

extension JobEventKind: ExpressibleByArgument {}

extension String {
  fileprivate var trimmingTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }
}
