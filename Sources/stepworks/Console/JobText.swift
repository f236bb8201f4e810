import Jobs

/// Short words about a job, for tables and progress lines.
extension Job {
  /// What it works on: the name of its source file.
  var subject: String {
    guard let source = parameters["source"]?.stringValue else { return "" }
    return source.split(separator: "/").last.map(String.init) ?? source
  }

  var stateCell: Table.Cell { Table.Cell(stateText, style: state.style) }

  var stateText: String {
    if state == .running, cancelRequestedAt != nil { return "cancelling" }
    if state == .completed, let outcome, outcome != .done { return "completed (\(outcome.rawValue))" }
    return state.rawValue
  }

  /// Why it is where it is: what it does now, what it waits for, what went wrong, or when it goes on.
  /// - Parameters:
  ///   - dependencies: the unfinished jobs that it waits for, where they are known.
  ///   - firstStart: of a job that asked for others, which runs several times: ``startedAt`` is that of its last run.
  func note(now: Timestamp, waitingFor dependencies: [JobID] = [], firstStart: Timestamp? = nil) -> String {
    switch state {
    case .running: return progressText
    case .scheduled:
      let due = runAt.map { now < $0 ? "in \(HumanTime.span(now.duration(to: $0)))" : "due" }
      return [due, error?.message].compactMap { $0 }.joined(separator: ": ")
    case .failed: return error?.message ?? ""
    case .blocked:
      let waits = dependencies.isEmpty ? nil : "waits for \(Self.list(dependencies))"
      let known = [progress == nil ? nil : progressText, waits].compactMap { $0 }
      return known.isEmpty ? "waits for other jobs" : known.joined(separator: ", ")
    case .available: return error.map { "again after: \($0.message)" } ?? ""
    case .completed:
      guard let startedAt, let finishedAt else { return "" }
      let took = HumanTime.took(startedAt.duration(to: finishedAt))
      guard let firstStart, firstStart < startedAt else { return "took \(took)" }
      return "took \(HumanTime.took(firstStart.duration(to: finishedAt))) in all, its last run \(took)"
    case .cancelled: return ""
    }
  }

  /// Sentences and words in one line: `in 4s: It did not work, 40s left`.
  static func line(_ notes: [String?]) -> String {
    let known = notes.compactMap(\.self).filter { !$0.isEmpty }
    return (known.dropLast().map { $0.hasSuffix(".") ? String($0.dropLast()) : $0 } + known.suffix(1))
      .joined(separator: ", ")
  }

  /// `42 % meshing part 3 of 12`
  var progressText: String {
    let percent = progress.map(ProgressBar.percent)
    return [percent, progressMessage].compactMap { $0 }.joined(separator: " ")
  }

  /// Whether its progress is worth a bar: it runs, or the jobs that it asked for do.
  var isUnderWay: Bool { state == .running || (state == .blocked && progress != nil) }

  /// `job 12`, `jobs 12, 13 and 14`, `jobs 12, 13, 14 and 7 more`
  private static func list(_ ids: [JobID]) -> String {
    guard ids.count > 1 else { return ids.map { "job \($0)" }.joined() }
    let shown = ids.prefix(ids.count > 4 ? 3 : ids.count - 1).map(String.init).joined(separator: ", ")
    return "jobs \(shown) and \(ids.count > 4 ? "\(ids.count - 3) more" : "\(ids[ids.count - 1])")"
  }
}

extension JobState {
  var style: Style? {
    switch self {
    case .completed: .green
    case .failed: .red
    case .running: .blue
    case .cancelled: .yellow
    case .blocked, .scheduled: .faint
    case .available: nil
    }
  }
}
