import ArgumentParser
import Jobs
import Queueing

struct StatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Show how long runs took: quantiles by step and phase, and a chart.",
    discussion: """
      Without --step one line a step and outcome; with it, each phase of its runs and how they are spread. Every run \
      counts once it was settled, failed and cancelled ones too, at most ten seconds later. Number, mean and MAX are \
      exact, quantiles to a thousandth.

      EXAMPLES
        stepworks stats
        stepworks stats --step render_still --since 24h
        stepworks stats --step export_glb --phase mesh --outcome done
        stepworks stats --phase wait --since 7d
        stepworks stats --json | jq '.series[] | select(.phase == "run") | [.step, .p99_seconds]'
      """)

  @OptionGroup var shared: SharedOptions

  @Option(name: .long, parsing: .singleValue, help: "Only runs of this step. May be repeated.")
  var step: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: "Only this phase: wait, start, settle, run, total, or one that the step names. May be repeated.")
  var phase: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: "Only runs that ended so: \(RunOutcome.allCases.map(\.rawValue).joined(separator: ", ")). May be repeated.",
    completion: .list(RunOutcome.allCases.map(\.rawValue)))
  var outcome: [RunOutcome] = []

  @Option(help: ArgumentHelp("From when on: \(Moment.help).", valueName: "when"))
  var since = "24h"

  @Option(help: ArgumentHelp("Until when, likewise. Default: now.", valueName: "when"))
  var until: String?

  @Flag(help: "Print one JSON document: every phase, durations in seconds.")
  var json = false

  func validate() throws {
    try Moment.check("--since", since)
    try Moment.check("--until", until)
    let now = Self.now()
    if let begin = Moment.time(since, now: now), let end = until.map({ Moment.time($0, now: now) }) ?? now, begin >= end
    {
      throw ValidationError("--since must be before --until.")
    }
  }

  func run() async throws {
    let queue = try await shared.openQueue()
    let steps = Set(step.map(StepName.init(rawValue:)))
    try await queue.checkKnown(steps: steps)
    let now = Self.now()
    let filter = LatencyFilter(
      steps: steps, outcomes: Set(outcome), since: Moment.time(since, now: now) ?? now,
      until: until.flatMap { Moment.time($0, now: now) } ?? now)
    var report = try await queue.latencies(filter)
    try narrow(&report)
    if json { return Terminal.print(LatencyDocument(report).json.text) }
    guard !report.distributions.isEmpty else { return Terminal.tell(try await nothing(in: queue, report)) }
    for line in LatencyView(
      report: report, isOfSteps: !step.isEmpty, phases: Set(phase.map(PhaseName.init(rawValue:))),
      outcomes: Set(outcome)
    ).lines(width: Terminal.size(of: 1)?.columns, colour: Terminal.hasColour) {
      Terminal.print(line)
    }
  }

  /// Leaves the phases that are asked for; without any and without a step, that of the whole run.
  private func narrow(_ report: inout LatencyReport) throws {
    let wanted = Set(phase.map(PhaseName.init(rawValue:)))
    let known = Set(report.distributions.keys.map(\.phase)).union(PhaseName.measured)
    if let unknown = wanted.subtracting(known).map(\.rawValue).min() {
      let names = known.map(\.rawValue).sorted()
      throw CommandFailure(
        .refused,
        "No run in this time had a phase '\(unknown)'\(Nearest.hint(to: unknown, among: names)) There are \(names.joined(separator: ", "))."
      )
    }
    let shown = !wanted.isEmpty ? wanted : step.isEmpty && !json ? [.run] : known
    report.distributions = report.distributions.filter { shown.contains($0.key.phase) }
  }

  private func nothing(in queue: JobQueue, _ report: LatencyReport) async throws -> String {
    guard let begin = try await queue.latenciesBegin() else {
      return "Nothing has been measured yet: runs are counted once they are settled, at most ten seconds later."
    }
    let what = step.isEmpty && phase.isEmpty && outcome.isEmpty ? "" : " that you ask for"
    let hint =
      begin >= report.until
      ? ", a later --until shows more" : begin < report.since ? ", an earlier --since may show more" : ""
    let (since, until) = (LocalTime(report.since).seconds, LocalTime(report.until).seconds)
    return
      "Nothing\(what) was measured between \(since) and \(until); measuring began \(LocalTime(begin).seconds)\(hint)."
  }

  private static func now() -> Timestamp { WallClock.system.now() }
}

extension RunOutcome: ExpressibleByArgument {}
