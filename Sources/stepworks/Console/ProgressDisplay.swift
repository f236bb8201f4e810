import Foundation
import Jobs

/// How jobs that are waited for are shown, on standard error.
protocol ProgressDisplay {
  /// - Parameter firstStarts: of jobs that asked for others.
  mutating func show(_ jobs: [Job], _ forecast: Forecast, _ firstStarts: [JobID: Timestamp])
  /// One sentence that stays.
  mutating func note(_ sentence: String)
  mutating func finish(_ jobs: [Job])
}

/// Where nothing can be drawn over: a line at each change of state and at each tenth of the way.
struct LineProgress: ProgressDisplay {
  private var told: [JobID: String] = [:]
  private var pace = Pace()

  mutating func show(_ jobs: [Job], _ forecast: Forecast, _ firstStarts: [JobID: Timestamp]) {
    let now = WallClock.system.now()
    for job in jobs {
      let remaining = forecast.remaining(of: job) ?? pace.remaining(of: job, now: now)
      let tenths = job.isUnderWay ? job.progress.map { Int($0 * 10) } : nil
      let key = "\(job.stateText) \(tenths ?? 0) \(job.attempt)"
      guard told[job.id] != key else { continue }
      told[job.id] = key
      // Tools that render say it themselves.
      let left = job.progressMessage?.hasSuffix(" left") == true ? "" : remaining ?? ""
      let note = job.state == .failed ? "" : job.note(now: now, firstStart: firstStarts[job.id])
      Terminal.tell("job \(job.id) \(job.step): \(Job.line([job.stateText, note, left]))")
    }
  }

  mutating func note(_ sentence: String) { Terminal.tell(sentence) }

  mutating func finish(_ jobs: [Job]) {}
}

/// On a terminal: one line a job, drawn over.
struct RedrawnProgress: ProgressDisplay {
  /// When the waiting began: its clock for jobs that have not started.
  let since: Timestamp
  private var drawnLines = 0
  private var jobs: [Job] = []
  private var forecast = Forecast(history: RunHistory())
  private var firstStarts: [JobID: Timestamp] = [:]
  private var pace = Pace()

  init(since: Timestamp) { self.since = since }

  mutating func show(_ jobs: [Job], _ forecast: Forecast, _ firstStarts: [JobID: Timestamp]) {
    self.jobs = jobs
    self.forecast = forecast
    self.firstStarts = firstStarts
    let size = Terminal.size(of: STDERR_FILENO) ?? (80, 24)
    let room = max(1, size.rows - 2)
    var shown = jobs
    if jobs.count > room {
      // Those that run say most.
      shown = Array((jobs.filter(\.isUnderWay) + jobs.filter { !$0.isUnderWay }).prefix(room - 1))
    }
    let now = WallClock.system.now()
    let remaining = jobs.reduce(into: [:]) {
      $0[$1.id] = forecast.remaining(of: $1) ?? pace.remaining(of: $1, now: now)
    }
    var lines = shown.map {
      ProgressLine(
        job: $0, remaining: remaining[$0.id], firstStart: firstStarts[$0.id], waitingSince: since, now: now
      ).text(width: size.columns, colour: Terminal.toldHasColour)
    }
    if shown.count < jobs.count {
      let done = jobs.count { $0.state.isFinal }
      lines.append("… \(jobs.count) jobs in all, \(done) of them final")
    }
    draw(lines)
  }

  mutating func note(_ sentence: String) {
    draw([])
    Terminal.tell(sentence)
    show(jobs, forecast, firstStarts)
  }

  mutating func finish(_ jobs: [Job]) {
    if !jobs.isEmpty { show(jobs, forecast, firstStarts) }
    drawnLines = 0
  }

  private mutating func draw(_ lines: [String]) {
    // Up over what was drawn, erase to the end of the screen, draw again.
    var text = drawnLines > 0 ? "\u{1B}[\(drawnLines)A\r\u{1B}[J" : "\r\u{1B}[J"
    for line in lines { text += Terminal.visible(line) + "\n" }
    Terminal.tellRaw(text)
    drawnLines = lines.count
  }
}

/// `12 export_glb part.step  ██████░░░░░░  42 %  meshing part 3 of 12  0:12`
struct ProgressLine {
  let job: Job
  /// How much longer it takes: `40s left`.
  let remaining: String?
  /// Of a job that asked for others.
  let firstStart: Timestamp?
  let waitingSince: Timestamp
  let now: Timestamp

  func text(width: Int, colour: Bool) -> String {
    let words = ["\(job.id)", job.step.rawValue, job.subject].filter { !$0.isEmpty }
    let name = TextWidth.truncated(words.joined(separator: " "), to: max(12, width / 3))
    let elapsed = HumanTime.clock((firstStart ?? job.startedAt ?? waitingSince).duration(to: job.finishedAt ?? now))
    let bar = ProgressBar.text(job.progress ?? 0, width: min(24, max(6, width / 5)))
    let middle = job.isUnderWay ? bar + runningNote : stateNote
    let room = width - TextWidth.columns(of: name) - elapsed.count - 5
    guard room > 4 else { return TextWidth.truncated("\(name) \(elapsed)", to: width - 1) }
    let cut = TextWidth.padded(TextWidth.truncated(middle, to: room), to: room)
    return "\(name)  \(colour ? job.state.style?.applied(to: cut) ?? cut : cut)  \(elapsed)"
  }

  private var runningNote: String {
    if job.cancelRequestedAt != nil { return "  cancelling" }
    // Tools that render say it themselves.
    let left = job.progressMessage?.hasSuffix(" left") == true ? nil : remaining
    let note = Job.line([job.progressMessage, left])
    return note.isEmpty ? "" : "  \(note)"
  }

  private var stateNote: String {
    let note = Job.line([job.note(now: now, firstStart: firstStart), job.state.isFinal ? nil : remaining])
    return note.isEmpty ? job.stateText : "\(job.stateText): \(note)"
  }
}
