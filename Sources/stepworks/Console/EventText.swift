import Jobs

/// An event in the words of people.
extension JobEvent {
  /// What it adds to its kind; empty where the kind says it all.
  var detailText: String {
    guard let members = detail?.objectValue else { return "" }
    func text(_ key: String) -> String? { members[key].flatMap { $0 == .null ? nil : $0.stringValue ?? $0.text } }
    func number(_ key: String) -> Double? { members[key]?.numberValue }
    var known: Set<String> = ["message", "log_tail"]
    var facts: [String] = []
    func add(_ key: String, _ fact: String?) {
      known.insert(key)
      if let fact { facts.append(fact) }
    }
    // What it is about, then how it ended, then what it cost and what comes next.
    add("attempt", text("attempt").map { "attempt \($0)" })
    add("tool", text("tool"))
    add("pid", text("pid").map { "pid \($0)" })
    add("class", text("class"))
    add("exit", text("exit").map { "exit \($0)" })
    add("signal", text("signal").map { "signal \($0)" })
    add("wall_seconds", number("wall_seconds").map { "took \(Self.took($0))" })
    add("cpu_seconds", number("cpu_seconds").map { "processor \(Self.took($0))" })
    add("peak_memory_bytes", number("peak_memory_bytes").map { "peak \(HumanTime.bytes(Int64($0)))" })
    add("run_at", text("run_at").map { "goes on at \(HumanTime.timestamp($0).map { LocalTime($0).text } ?? $0)" })
    facts += members.keys.filter { !known.contains($0) }.sorted().compactMap { key in
      text(key).map { "\(key.replacing("_", with: " ")) \($0)" }
    }
    guard let message = text("message") else { return facts.joined(separator: ", ") }
    return facts.isEmpty ? message : "\(message)  (\(facts.joined(separator: ", ")))"
  }

  private static func took(_ seconds: Double) -> String { HumanTime.took(.milliseconds(Int64(seconds * 1000))) }
}

extension JobEventKind {
  var style: Style? {
    switch self {
    case .completed: .green
    case .failed: .red
    case .retryScheduled, .rescued, .warning, .cancelled, .cancelRequested: .yellow
    case .started: .blue
    default: nil
    }
  }
}
