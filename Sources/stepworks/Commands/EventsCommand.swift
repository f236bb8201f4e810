import ArgumentParser
import Jobs
import Queueing

struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Show what happened, and with --follow what happens.",
    discussion: """
      Each event has an id that only grows; --after ID goes on where a reader left off.

      EXAMPLES
        stepworks events --follow
        stepworks events --job 12
        stepworks events --follow --after 0 --json | jq -c 'select(.kind == "failed")'
      """)

  @OptionGroup var shared: SharedOptions

  @Flag(name: .shortAndLong, help: "Go on until Ctrl-C.")
  var follow = false

  @Option(help: ArgumentHelp("Only events of this job, from its first on.", valueName: "id"))
  var job: JobID?

  @Option(help: ArgumentHelp("Start after this event; 0 is the beginning.", valueName: "event-id"))
  var after: Int64?

  @Option(help: ArgumentHelp("Without --after and --job: start with about this many of the newest.", valueName: "n"))
  var last = 20

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    guard last >= 0 else { throw ValidationError("--last must not be negative.") }
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
    if job != nil { return 0 }
    return max(0, try await queue.lastEventID() - Int64(last))
  }

  /// - Returns: the id of the last event there is.
  private func printEvents(after position: Int64, of queue: JobQueue) async throws -> Int64 {
    var position = position
    while true {
      let events = try await queue.events(after: position, of: job)
      guard let last = events.last else { return position }
      for event in events { Terminal.print(json ? Documents.event(event).text : line(event)) }
      position = last.id
    }
  }

  private func line(_ event: JobEvent) -> String {
    let kind = TextWidth.padded(event.kind.rawValue, to: 16)
    let styled = Terminal.hasColour ? event.kind.style?.applied(to: kind) ?? kind : kind
    let line = "\(event.at.iso8601)  \(TextWidth.padded("job \(event.jobID)", to: 10))  \(styled)"
    return event.detailText.isEmpty ? line.trimmingTrailingSpaces : "\(line)  \(event.detailText)"
  }
}

extension JobEventKind {
  fileprivate var style: Style? {
    switch self {
    case .completed: .green
    case .failed: .red
    case .retryScheduled, .rescued, .warning, .cancelled, .cancelRequested: .yellow
    case .started: .blue
    default: nil
    }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }
}
