import ArgumentParser
import Foundation
import Jobs
import Queueing

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch workers, queues and running jobs, live.",
    discussion: """
      Drawn anew at each commit and once a second. It only reads; the key c changes something, after a question. Where \
      standard output is no terminal, or with --once, it prints what is going on once, as text.

      Rates are of the last 5 minutes. EMPTY IN and LEFT are forecasts, by progress and by how long such runs took \
      before; - where that is not known. CPU and MEM: of all processes of the run, on this machine; 200 % are two \
      processors.

      KEYS
        q, Ctrl-C        end
        space            freeze, and go on
        arrows, j, k     choose a job; home, end, page up, page down; escape: none
        enter            its details; q: back
        c                cancel it; asks first
        Ctrl-L           draw the page anew

      EXAMPLES
        stepworks top
        stepworks top --interval 5
        stepworks top --once | head
        stepworks top --once --json | jq '.queues[] | {name, available, eta_seconds}'
      """)

  @OptionGroup var shared: SharedOptions

  @Flag(help: "Print what is going on now, and end.")
  var once = false

  @Option(
    help: ArgumentHelp(
      "Look only this often: 0.2 to 3600. Default: at each commit and once a second.", valueName: "seconds"))
  var interval: Double?

  @Flag(help: "Print one JSON object a look, each in a line.")
  var json = false

  func validate() throws {
    if let interval, !(0.2...3600).contains(interval) {
      throw ValidationError("--interval must be from 0.2 to 3600 seconds, not \(interval).")
    }
  }

  func run() async throws {
    let settings = try await shared.settings()
    let queue = try settings.openQueue(.existing)
    if json { return try await printDocuments(of: queue) }
    guard !once, Terminal.isInteractive else {
      var reader = TopReader(queue)
      let snapshot = try await reader.look()
      let time = LocalTime(snapshot.at)
      let view = TopView(
        snapshot: snapshot, width: Terminal.size(of: STDOUT_FILENO)?.columns, colour: Terminal.hasColour)
      for line in view.allLines(clock: "\(time.date) \(time.clock)\(time.zone)") { Terminal.print(line) }
      return
    }
    try await TopSession(
      queue: queue, dataDirectory: settings.dataDirectory, interval: interval.map { .milliseconds(Int64($0 * 1000)) }
    ).run()
  }

  private func printDocuments(of queue: JobQueue) async throws {
    var reader = TopReader(queue)
    while true {
      Terminal.print(try await reader.look().document.text)
      if once { return }
      try await Task.sleep(for: .milliseconds(Int64((interval ?? 1) * 1000)))
    }
  }
}
