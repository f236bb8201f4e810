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

  /// Why it is where it is: what it does now, what went wrong, or when it goes on.
  func note(now: Timestamp) -> String {
    switch state {
    case .running:
      let percent = progress.map { "\(Int(($0 * 100).rounded())) %" }
      return [percent, progressMessage].compactMap { $0 }.joined(separator: " ")
    case .scheduled:
      let due = runAt.map { now < $0 ? "in \(HumanTime.age(now.duration(to: $0)))" : "due" }
      return [due, error?.message].compactMap { $0 }.joined(separator: ": ")
    case .failed: return error?.message ?? ""
    case .blocked: return "waits for other jobs"
    case .available: return error.map { "again after: \($0.message)" } ?? ""
    case .completed:
      guard let startedAt, let finishedAt else { return "" }
      return "took \(HumanTime.took(startedAt.duration(to: finishedAt)))"
    case .cancelled: return ""
    }
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

extension JobEvent {
  /// The detail as `key=value`, the message first and as it is.
  var detailText: String {
    guard let members = detail?.objectValue else { return "" }
    let others = members.filter { $0.key != "message" && $0.key != "log_tail" && $0.value != .null }
      .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.stringValue ?? $0.value.text)" }
    return ([members["message"]?.stringValue].compactMap { $0 } + others).joined(separator: "  ")
  }
}
