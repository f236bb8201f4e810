import Jobs

/// One job with everything that belongs to it.
struct JobDetails {
  let job: Job
  let artifacts: [Artifact]
  /// What it waits for or waited for.
  let dependencies: [DependencyResult]
  /// The job that makes what this one waits to take over.
  let maker: JobID?
  let events: [JobEvent]
  /// Of the last run; `nil` before the first.
  let logDirectory: String?
  /// Until it is over; `nil` when that is not known.
  var eta: Duration?

  var document: JSONValue {
    var members = Documents.job(job, eta: eta)
    members["artifacts"] = .array(artifacts.map(Documents.artifact))
    members["depends_on"] = .array(dependencies.map { .integer($0.jobID) })
    members["maker"] = maker.map { .integer($0) } ?? .null
    members["children"] = .array(children.map(Documents.child))
    members["events"] = .array(events.map(Documents.event))
    members["log_directory"] = logDirectory.map { .string($0) } ?? .null
    return .object(members)
  }

  func lines(now: Timestamp, colour: Bool) -> [String] {
    var fields: [(String, String)] = []
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { fields.append((name, value)) } }
    add("step", job.step.rawValue)
    add("state", colour ? job.state.style?.applied(to: job.stateText) ?? job.stateText : job.stateText)
    add("queue", job.queue.rawValue + (job.priority == 0 ? "" : ", priority \(job.priority)"))
    add("tenant", job.tenant == "default" ? nil : job.tenant)
    add("attempt", "\(job.attempt) of \(job.maxAttempts)")
    add("crashes", job.crashes == 0 ? nil : "\(job.crashes) of \(job.maxCrashes)")
    add("parameters", job.parameters.text)
    add("dedup key", job.dedupKey)
    add("asked for by", job.parentID.map { "job \($0)" })
    add("waits for", dependencies.filter { !$0.isChild }.map { "job \($0.jobID)" }.joined(separator: ", "))
    add("waits for", maker.map { "job \($0), which makes the same" })
    add("created", time(job.createdAt, now))
    add("runs at", job.state == .scheduled ? job.runAt.map { LocalTime($0).text } : nil)
    add("started", job.startedAt.map { time($0, now) })
    add("finished", job.finishedAt.map { time($0, now) })
    add("worker", job.workerID.map { "\($0)" })
    add("progress", job.isUnderWay ? job.progressText : nil)
    add("done in", job.state.isFinal ? nil : eta.map { "about \(HumanTime.took($0))" })
    if let error = job.error {
      add("error", error.message)
      let facts = [error.failureClass.rawValue, error.exit.map { "exit \($0)" }, error.signal.map { "signal \($0)" }]
      add("class", facts.compactMap { $0 }.joined(separator: ", "))
    }
    add("log", logDirectory)
    let width = fields.map(\.0.count).max() ?? 0
    var lines = ["job \(job.id)"]
    lines += fields.map { "  \(TextWidth.padded($0.0, to: width))  \($0.1)" }
    lines += section("asked for", childLines(colour: colour))
    lines += section("result", Outline(result).lines)
    lines += section("artifacts", artifacts.map { "\($0.role)  \($0.path)  (\(HumanTime.bytes($0.bytes)))" })
    lines += section("log tail", job.error?.logTail?.split(separator: "\n").map(String.init) ?? [])
    lines += section("events", timeline)
    return lines
  }

  private var children: [DependencyResult] { dependencies.filter(\.isChild) }

  /// `job 13  render_frames  running  42 %`
  private func childLines(colour: Bool) -> [String] {
    let names = children.map { "job \($0.jobID)" }
    let width = (names.map(\.count).max() ?? 0, children.map(\.step.rawValue.count).max() ?? 0)
    return zip(names, children).map { name, child in
      let state =
        colour ? child.state.style?.applied(to: child.state.rawValue) ?? child.state.rawValue : child.state.rawValue
      let percent = child.state.isFinal ? nil : child.progress.map { "  \(ProgressBar.percent($0))" }
      return "\(TextWidth.padded(name, to: width.0))  \(TextWidth.padded(child.step.rawValue, to: width.1))  \(state)"
        + (percent ?? "")
    }
  }

  /// Less the artifacts, which have a section of their own.
  private var result: JSONValue {
    guard case .object(var members)? = job.result else { return job.result ?? .object([:]) }
    members["artifacts"] = nil
    if members.count == 1, let summary = members["summary"] { return summary }
    return .object(members)
  }

  private var timeline: [String] {
    let width = events.map(\.kind.rawValue.count).max() ?? 0
    return events.map { event in
      let kind = event.detailText.isEmpty ? event.kind.rawValue : TextWidth.padded(event.kind.rawValue, to: width)
      let detail = event.detailText.isEmpty ? "" : "  \(event.detailText)"
      return "\(LocalTime(event.at).text)  \(kind)\(detail)"
    }
  }

  private func section(_ title: String, _ lines: [String]) -> [String] {
    lines.isEmpty ? [] : ["", title] + lines.map { "  \($0)" }
  }

  private func time(_ time: Timestamp, _ now: Timestamp) -> String {
    "\(LocalTime(time).text) (\(HumanTime.age(time.duration(to: now))) ago)"
  }
}
