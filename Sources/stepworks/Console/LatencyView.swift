import Jobs
import Queueing

/// How long runs took, as text: a table, and for one step a chart.
struct LatencyView {
  let report: LatencyReport
  /// Whether steps were asked for by name: then their phases are shown, each step by itself.
  let isOfSteps: Bool
  /// Those that were asked for; empty: none.
  let phases: Set<PhaseName>
  /// Likewise.
  let outcomes: Set<RunOutcome>

  /// - Parameter width: of the terminal; `nil`: there is none.
  func lines(width: Int?, colour: Bool) -> [String] {
    var lines = [style(.faint, "\(LocalTime(report.since).seconds) … \(LocalTime(report.until).seconds)", colour)]
    guard isOfSteps else { return lines + table(report.sortedKeys, width: width, colour: colour) }
    let steps = Set(report.distributions.keys.map(\.step)).sorted { $0.rawValue < $1.rawValue }
    for step in steps {
      let keys = report.sortedKeys.filter { $0.step == step }
      lines += ["", style(.bold, title(of: step, keys), colour)]
      lines += table(keys, width: width, colour: colour)
      for phase in charted(keys) {
        let all = RunOutcome.allCases.compactMap { outcome in
          report.distributions[LatencyKey(step, phase, outcome)].map { (outcome: outcome, distribution: $0) }
        }
        let chosen = charted(all)
        let chart = LatencyChart(chosen)
        let heading =
          (phase == .run ? "whole runs" : "phase \(phase)")
          + (chosen.count < all.count ? ", without those that were put off" : "")
        lines += ["", style(.bold, heading, colour)]
        lines += chart.lines(width: width ?? 80, colour: colour)
      }
    }
    return lines
  }

  /// `export_glb: 120 runs, 112 done, 5 cached, 3 failed`
  private func title(of step: StepName, _ keys: [LatencyKey]) -> String {
    var counts: [(outcome: RunOutcome, count: UInt64)] = []
    for outcome in RunOutcome.allCases {
      // Each run has each of what is measured; of its own phases it may have left some out.
      let count = keys.filter { $0.outcome == outcome }.compactMap { report.distributions[$0]?.count }.max() ?? 0
      if count > 0 { counts.append((outcome, count)) }
    }
    let all = counts.reduce(into: UInt64(0)) { $0 = $0.addingSaturating($1.count) }
    let parts = counts.map { "\($0.count) \($0.outcome.words)" }.joined(separator: ", ")
    return "\(step): \(HumanTime.count(Int(clamping: all), "run")), \(parts)"
  }

  /// What a chart is drawn of: the phases that were asked for, else the whole run.
  private func charted(_ keys: [LatencyKey]) -> [PhaseName] {
    let known = Set(keys.map(\.phase))
    return (phases.isEmpty ? [.run] : phases).intersection(known).sorted { $0.rawValue < $1.rawValue }
  }

  /// A run that asks for other jobs takes milliseconds, and says nothing of how long the step takes: charts leave out what
  /// was put off, if there is anything else and nobody asked for it.
  private func charted(_ all: [(outcome: RunOutcome, distribution: LatencyDistribution)])
    -> [(outcome: RunOutcome, distribution: LatencyDistribution)]
  {
    let ended = outcomes.isEmpty ? all.filter { !$0.outcome.isPutOff } : all
    return ended.isEmpty ? all : ended
  }

  private func table(_ keys: [LatencyKey], width: Int?, colour: Bool) -> [String] {
    let first: [Table.Column] = isOfSteps ? [.text("PHASE"), .text("OUTCOME")] : [.text("STEP"), .text("OUTCOME")]
    // Several phases of several steps, or one: then the heading says it.
    let hasPhase = !isOfSteps && Set(keys.map(\.phase)).count > 1
    var table = Table(
      first + (hasPhase ? [.text("PHASE")] : [])
        + [.number("RUNS", rank: 1), .number("MEAN", rank: 2)]
        + LatencyQuantile.allCases.map { .number($0.title, rank: $0.rank) } + [.number("MAX")])
    table.rows = keys.map { key in
      let distribution = report.distributions[key] ?? LatencyDistribution()
      let durations: [Duration?] =
        [distribution.mean] + LatencyQuantile.allCases.map { distribution.quantile($0.part) } + [distribution.longest]
      let style: Style? = key.outcome.isTrouble ? .red : nil
      let name = Table.Cell(isOfSteps ? key.phase.rawValue : key.step.rawValue, style: style)
      return [name, Table.Cell(key.outcome.words, style: style)] + (hasPhase ? ["\(key.phase)"] : [])
        + ["\(distribution.count)"] + durations.map { Table.Cell($0.map(LatencyText.duration) ?? "-") }
    }
    let lines = table.lines(width: width, colour: colour)
    let phase = keys.first?.phase ?? .run
    return isOfSteps || hasPhase || phase == .run ? lines : [style(.bold, "phase \(phase)", colour)] + lines
  }

  private func style(_ style: Style, _ text: String, _ colour: Bool) -> String {
    colour ? style.applied(to: text) : text
  }
}

extension RunOutcome {
  var words: String { rawValue.replacing("_", with: " ") }

  /// Whether the run ended without what it was for.
  var isTrouble: Bool { self == .failed || self == .retryScheduled }

  /// Whether the job goes on later, through no fault.
  var isPutOff: Bool { self == .awaiting || self == .snoozed || self == .released }
}

/// Durations for people, with three digits.
enum LatencyText {
  /// `0 ms`, `420 µs`, `1.23 ms`, `45.6 s`, `12m 30s`, `3h 5m`, `2d 4h`.
  static func duration(_ duration: Duration) -> String {
    let seconds = duration.seconds
    switch seconds {
    case ...0: return "0 ms"
    case ..<0.0009995: return "\(Int((seconds * 1e6).rounded())) µs"
    case ..<0.9995: return "\(digits(seconds * 1000)) ms"
    case ..<99.95: return "\(digits(seconds)) s"
    default: break
    }
    let whole = Int64(seconds.rounded())
    return switch whole {
    case ..<3600: "\(whole / 60)m \(whole % 60)s"
    case ..<86_400: "\(whole / 3600)h \(whole / 60 % 60)m"
    default: "\(whole / 86_400)d \(whole / 3600 % 24)h"
    }
  }

  /// Three of them: 1.23, 12.3, 123.
  private static func digits(_ value: Double) -> String {
    let places = value < 9.995 ? 100.0 : value < 99.95 ? 10.0 : 1.0
    let scaled = Int64((value * places).rounded())
    guard places > 1 else { return "\(scaled)" }
    let fraction = "\(scaled % Int64(places))"
    return "\(scaled / Int64(places)).\(places == 100 && fraction.count < 2 ? "0" : "")\(fraction)"
  }
}
