import Jobs

/// What a person has chosen, and what a key changes about it.
struct TopState {
  /// A line that can be chosen.
  struct Row: Hashable {
    var job: JobID
    /// Among those that have ended; else among those that run.
    var isEnded: Bool
  }

  enum Action: Hashable {
    case quit
    case cancel(JobID)
    case showDetails(JobID)
  }

  private(set) var isFrozen = false
  private(set) var selected: Row?
  /// The job whose details are shown in place of the lists.
  private(set) var detailed: JobID?
  /// The first line of the details that is shown.
  private(set) var scroll = 0
  /// Asked, and not answered yet.
  private(set) var cancelling: JobID?
  /// What came of the last action; the next key takes it away.
  var notice: String?

  /// - Parameters:
  ///   - rows: that can be chosen now, from the top.
  ///   - detailLines: how many lines the details have, and how many are shown.
  mutating func press(_ key: Key, rows: [Row], detailLines: (all: Int, shown: Int) = (0, 0)) -> Action? {
    notice = nil
    if let job = cancelling {
      cancelling = nil
      return key == .character("y") ? .cancel(job) : nil
    }
    return detailed == nil ? pressInLists(key, rows) : pressInDetails(key, detailLines)
  }

  private mutating func pressInLists(_ key: Key, _ rows: [Row]) -> Action? {
    switch key {
    case .character("q"): return .quit
    case .character(" "): isFrozen.toggle()
    case .down, .character("j"): move(by: 1, rows)
    case .up, .character("k"): move(by: -1, rows)
    case .pageDown: move(by: 10, rows)
    case .pageUp: move(by: -10, rows)
    case .home, .character("g"): selected = rows.first
    case .end, .character("G"): selected = rows.last
    case .escape: selected = nil
    case .enter:
      guard let selected = current(rows) else { break }
      detailed = selected.job
      scroll = 0
      return .showDetails(selected.job)
    case .character("c"):
      guard let selected = current(rows) else { break }
      if selected.isEnded { notice = "Job \(selected.job) has ended already." } else { cancelling = selected.job }
    default: break
    }
    return nil
  }

  private mutating func pressInDetails(_ key: Key, _ lines: (all: Int, shown: Int)) -> Action? {
    let last = max(0, lines.all - lines.shown)
    switch key {
    case .character("q"), .escape, .enter: detailed = nil
    case .down, .character("j"): scroll = min(last, scroll + 1)
    case .up, .character("k"): scroll = max(0, min(last, scroll) - 1)
    case .pageDown, .character(" "): scroll = min(last, scroll + max(1, lines.shown - 1))
    case .pageUp: scroll = max(0, min(last, scroll) - max(1, lines.shown - 1))
    case .home, .character("g"): scroll = 0
    case .end, .character("G"): scroll = last
    default: break
    }
    return nil
  }

  /// When there is nothing to show of the job.
  mutating func leaveDetails(saying sentence: String) {
    detailed = nil
    notice = sentence
  }

  /// What is chosen, if it is still there.
  func current(_ rows: [Row]) -> Row? {
    guard let selected else { return nil }
    // A job that ran may have ended meanwhile.
    return rows.first { $0 == selected } ?? rows.first { $0.job == selected.job }
  }

  private mutating func move(by step: Int, _ rows: [Row]) {
    guard let current = current(rows), let index = rows.firstIndex(of: current) else {
      selected = step > 0 ? rows.first : rows.last
      return
    }
    selected = rows[min(rows.count - 1, max(0, index + step))]
  }
}
