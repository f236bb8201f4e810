import Jobs
import Queueing

/// A snapshot as lines of text.
struct TopView {
  let snapshot: TopSnapshot
  /// In columns; `nil`: nothing is cut.
  var width: Int?
  var colour = false

  /// From here on an empty line before each section is worth more than another row.
  private static let roomyRows = 30

  private var now: Timestamp { snapshot.at }

  /// Everything, one section under the other: what `--once` prints.
  func allLines(clock: String) -> [String] {
    var lines = heading(clock: clock)
    for section in sections where !section.table.rows.isEmpty {
      lines += [""] + section.table.lines(width: width, colour: colour)
      if section.unread > 0 { lines.append("… \(section.unread) more") }
    }
    return lines
  }

  /// What fits on a terminal, the keys in its last line.
  func screen(rows: Int, state: TopState, clock: String) -> [String] {
    var lines = heading(clock: clock, isFrozen: state.isFrozen)
    let sections = sections.filter { !$0.table.rows.isEmpty }
    let needed = lines.count + 1 + sections.map { 2 + $0.table.rows.count }.reduce(0, +)
    let isRoomy = rows >= min(needed, Self.roomyRows)
    let shares = Self.shares(
      of: rows - lines.count - 1, heading: isRoomy ? 2 : 1,
      sections.map { ($0.least, $0.table.rows.count, $0.weight) })
    let current = state.current(choices)
    for (section, share) in zip(sections, shares) where share > 0 {
      if isRoomy { lines.append("") }
      lines += section.lines(share, width: width, colour: colour, selected: section.rows.firstIndex { $0 == current })
    }
    lines = Array(lines.prefix(rows - 1))
    lines += Array(repeating: "", count: max(0, rows - 1 - lines.count))
    return lines + [footer(state)]
  }

  /// What can be chosen, from the top.
  var choices: [TopState.Row] { sections.flatMap(\.rows) }

  private func heading(clock: String, isFrozen: Bool = false) -> [String] {
    let name = "stepworks top"
    let title = "\(name)  \(clock)\(isFrozen ? "  frozen" : "")  "
    let room = max(8, (width ?? .max) - TextWidth.columns(of: title))
    let path = TextWidth.truncatedInside(snapshot.database, to: room)
    let styled = colour ? title.replacing(name, with: Style.bold.applied(to: name), maxReplacements: 1) : title
    return [cut(styled + path, plain: title + path), summary]
  }

  /// `2 running, 14 waiting; 12.4 done a minute, 1 failed a minute`
  private var summary: String {
    let seen = snapshot.throughput
    var parts = ["\(snapshot.runningCount) running", "\(snapshot.waitingCount) waiting"]
    parts.append("\(Self.rate(seen.perMinute(seen.ends.completed))) done/min")
    if seen.ends.failed > 0 { parts.append("\(Self.rate(seen.perMinute(seen.ends.failed))) failed/min") }
    if seen.ends.cancelled > 0 { parts.append("\(Self.rate(seen.perMinute(seen.ends.cancelled))) cancelled/min") }
    let line = parts.joined(separator: ", ")
    let hint = snapshot.workers.contains(where: \.isAlive) ? "" : "  No worker runs; start one: stepworks worker"
    let full = cut(line + hint, plain: line + hint)
    return colour && !hint.isEmpty ? Style.yellow.applied(to: full) : full
  }

  private static func rate(_ perMinute: Double) -> String {
    perMinute >= 10 || perMinute == 0 ? "\(Int(perMinute.rounded()))" : "\((perMinute * 10).rounded() / 10)"
  }

  private func footer(_ state: TopState) -> String {
    if let job = state.cancelling {
      let known = snapshot.running.first { $0.job.id == job }.map { [$0.job.step.rawValue, $0.job.subject] } ?? []
      let words = (["Cancel job \(job)"] + known).filter { !$0.isEmpty }.joined(separator: " ")
      return emphasised("\(words)? y: yes, any other key: no")
    }
    if let notice = state.notice { return emphasised(notice) }
    let keys = "q quit  space \(state.isFrozen ? "go on" : "freeze")  ↑↓ choose  enter details  c cancel"
    return cut(colour ? Style.faint.applied(to: TextWidth.truncated(keys, to: width ?? .max)) : keys, plain: keys)
  }

  private func emphasised(_ text: String) -> String {
    let text = TextWidth.truncated(text.visible, to: width ?? .max)
    return colour ? Style.yellow.applied(to: text) : text
  }

  /// - Parameter plain: the same without styles; one that is too wide loses them.
  private func cut(_ text: String, plain: String) -> String {
    guard let width, TextWidth.columns(of: plain) > width else { return text }
    return TextWidth.truncated(plain, to: width)
  }

  /// Gives each its least, then in the order of their weights what they want more.
  /// - Parameter heading: the lines that one takes besides, if it gets any.
  static func shares(of room: Int, heading: Int = 0, _ wants: [(least: Int, all: Int, weight: Int)]) -> [Int] {
    var left = max(0, room)
    var shares = wants.map { _ in 0 }
    let order = wants.indices.sorted { wants[$0].weight > wants[$1].weight }
    for index in order where left > heading {
      shares[index] = min(left - heading, wants[index].least, wants[index].all)
      left -= heading + shares[index]
    }
    for index in order where shares[index] > 0 {
      let more = min(left, wants[index].all - shares[index])
      shares[index] += more
      left -= more
    }
    return shares
  }

  // MARK: - Sections

  /// A table, of which only a part may be shown.
  struct Section {
    var table: Table
    /// What can be chosen in it, a row each; empty: nothing.
    var rows: [TopState.Row] = []
    /// How many there are besides, of which nothing is known.
    var unread = 0
    var least: Int
    var weight: Int

    /// The header and `share` lines: rows, and where some are left out a last line that says how many.
    func lines(_ share: Int, width: Int?, colour: Bool, selected: Int?) -> [String] {
      let count = table.rows.count
      let shown = count + unread > share ? max(1, min(count, share - 1)) : count
      let first = min(max(0, (selected ?? 0) - shown + 1), count - shown)
      let plain = table.lines(width: width, colour: false)
      var styled = zip(table.lines(width: width, colour: colour), plain).map { styled, plain in
        // One that is too wide loses its styles with its end.
        width.map { TextWidth.columns(of: plain) > $0 ? TextWidth.truncated(plain, to: $0) : styled } ?? styled
      }
      if let selected {
        let cut = TextWidth.truncated(plain[selected + 1], to: width ?? .max)
        styled[selected + 1] = Style.reverse.applied(to: TextWidth.padded(cut, to: width ?? 0))
      }
      var lines = [styled[0]] + styled[(first + 1)..<(first + shown + 1)]
      let left = count - shown + unread
      if left > 0, share > 1 { lines.append("… \(left) more") }
      return lines.map { $0.contains("\u{1B}") ? $0 : TextWidth.truncated($0, to: width ?? .max) }
    }
  }

  private var sections: [Section] {
    [
      Section(table: workers, least: 1, weight: 0),
      Section(table: queues, least: 3, weight: 1),
      Section(
        table: running, rows: snapshot.running.map { TopState.Row(job: $0.job.id, isEnded: false) },
        unread: max(0, snapshot.runningCount - snapshot.running.count { $0.job.state == .running }), least: 4, weight: 3
      ),
      Section(
        table: endings, rows: snapshot.endings.map { TopState.Row(job: $0.job.id, isEnded: true) }, least: 3, weight: 2),
    ]
  }

  private var workers: Table {
    var table = Table([
      .text("WORKER"), .text("STATE"), .number("JOBS"), .number("UP", rank: 2), .text("VERSION", rank: 3),
      .number("PID", rank: 4), .text("STATUS", rank: 5),
    ])
    table.rows = snapshot.workers.map { worker in
      let state: Table.Cell =
        !worker.isAlive
        ? Table.Cell("dead", style: .red)
        : worker.isDraining ? Table.Cell("draining", style: .yellow) : Table.Cell("running", style: .green)
      return [
        "\(worker.id)", state, "\(worker.running)", "\(HumanTime.age(worker.startedAt.duration(to: now)))",
        "\(worker.version)", "\(worker.pid)", "\(worker.statusAddress ?? "")",
      ]
    }
    return table
  }

  private var queues: Table {
    var table = Table([
      .text("QUEUE", atMost: 20), .number("RUNNING"), .number("AVAILABLE"), .number("SCHEDULED", rank: 4),
      .number("BLOCKED", rank: 3), .number("OLDEST", rank: 2), .number("EMPTY IN", rank: 1), .text("", rank: 5),
    ])
    // What goes on first: the lists of empty queues are the ones to be cut.
    let busy = snapshot.queues.filter { $0.status.isBusy }
    table.rows = (busy + snapshot.queues.filter { !$0.status.isBusy }).map { queue in
      let status = queue.status
      return [
        "\(status.name)", "\(status.running)/\(status.maxConcurrency)", "\(status.available)", "\(status.scheduled)",
        "\(status.blocked)", "\(status.oldestAvailableAt.map { HumanTime.age($0.duration(to: now)) } ?? "-")",
        "\(queue.emptyIn.map { "~\(HumanTime.span($0))" } ?? "-")",
        Table.Cell(status.paused ? "paused" : "", style: .yellow),
      ]
    }
    return table
  }

  private var running: Table {
    let barWidth = (width ?? 100) >= 100 ? 16 : 8
    var table = Table([
      .number("JOB"), .text("STEP", atMost: 28), .text("SOURCE", atMost: 24, rank: 5), .text("PROGRESS"),
      .number("TIME", rank: 1), .number("LEFT", rank: 2), .number("WORKER", rank: 7), .number("CPU", rank: 3),
      .number("MEM", rank: 4), .text("DOING", rank: 6),
    ])
    table.rows = snapshot.running.map { line in
      let job = line.job
      let began = line.firstStart ?? job.startedAt ?? job.createdAt
      let progress = job.progress.map { ProgressBar.text($0, width: barWidth) } ?? job.stateText
      return [
        "\(job.id)", "\(String(repeating: " ", count: min(8, line.depth * 2)))\(job.step)", "\(job.subject)",
        Table.Cell(progress, style: job.cancelRequestedAt == nil ? job.state.style : .yellow),
        "\(HumanTime.clock(began.duration(to: now)))", "\(line.remaining.map { HumanTime.span($0) } ?? "-")",
        "\(job.workerID.map(String.init) ?? "-")",
        "\(line.tool.map { "\(Int(($0.processors * 100).rounded())) %" } ?? "-")",
        "\(line.tool.map { HumanTime.bytes(Int64(clamping: $0.residentBytes)) } ?? "-")",
        Table.Cell(job.cancelRequestedAt == nil ? job.progressMessage ?? "" : "cancelling"),
      ]
    }
    return table.withoutEmptyColumns
  }

  private var endings: Table {
    var table = Table([
      .number("JOB"), .text("STEP", atMost: 24), .text("SOURCE", atMost: 24, rank: 2), .text("ENDED"),
      .number("AGO", rank: 1), .text("HOW"),
    ])
    table.rows = snapshot.endings.map { ending in
      let job = ending.job
      let (state, style): (String, Style?) =
        switch ending.event.kind {
        case .failed: ("failed", .red)
        case .cancelled: ("cancelled", .yellow)
        default: (job.state == .completed ? job.outcome?.rawValue ?? "done" : "done", .green)
        }
      let took = job.state == .completed ? job.note(now: now, firstStart: ending.firstStart) : ""
      return [
        "\(job.id)", "\(job.step)", "\(job.subject)", Table.Cell(state, style: style),
        "\(HumanTime.age(ending.event.at.duration(to: now)))",
        Table.Cell(ending.event.detail?["message"]?.stringValue ?? took),
      ]
    }
    return table.withoutEmptyColumns
  }
}

extension QueueStatus {
  fileprivate var isBusy: Bool { running + available + scheduled + blocked > 0 || paused }
}
