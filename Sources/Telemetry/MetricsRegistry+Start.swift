package import Jobs

extension MetricsRegistry {
  /// Shows counters of these steps and of their tools with 0 before anything is counted: of a series that is born with
  /// its first value, Prometheus does not see that one as an increase.
  package func begin(_ steps: [StepDefinition]) {
    for step in steps {
      begin(Metric.jobsStarted, step.name.rawValue)
      for (outcome, failureClass) in step.settlements {
        begin(Metric.jobsSettled, step.name.rawValue, outcome.rawValue, failureClass?.rawValue ?? "none")
      }
      // The one step that goes on with what an ended run has left.
      if step.name == "render_frames" { begin(Metric.resumedFrames, step.name.rawValue) }
    }
    let tools = Set(steps.flatMap(\.tools)).union(steps.flatMap(\.companions))
    for tool in tools {
      for ending in ["done", "failed", "crashed"] { begin(Metric.toolRuns, tool, ending) }
      begin(Metric.toolTime, tool)
    }
    if tools.contains("stepworks-render") {
      for device in RunFact.RenderDevice.allCases { begin(Metric.renders, device.rawValue, "false") }
      begin(Metric.renders, RunFact.RenderDevice.cpu.rawValue, "true")
    }
  }

  private func begin(_ metric: MetricDescription, _ labels: String...) {
    _ = makeCounter(label: metric.name, dimensions: Array(zip(metric.labels, labels)))
  }
}

extension StepDefinition {
  /// What a run of this step can end with, and the class of failure where one belongs to it.
  fileprivate var settlements: [(outcome: RunOutcome, failureClass: FailureClass?)] {
    RunOutcome.allCases.flatMap { outcome -> [(RunOutcome, FailureClass?)] in
      switch outcome {
      case .failed: failures { $0.fails }.map { (outcome, $0) }
      case .retryScheduled: failures { $0.isTriedAgain }.map { (outcome, $0) }
      case .done, .cached, .skipped, .snoozed, .awaiting, .released, .cancelled: [(outcome, nil)]
      }
    }
  }

  private func failures(_ isWanted: (FailureResponse) -> Bool) -> [FailureClass] {
    // No run is settled with these: its worker is dead, or its outcome is `cancelled`.
    FailureClass.allCases.filter { $0 != .workerDied && $0 != .cancelled && isWanted(retry.response(to: $0)) }
  }

  /// Programs that it runs without naming them among its tools.
  fileprivate var companions: [String] {
    // The one comes with the other; the step runs this program itself.
    (tools.contains("ffmpeg") ? ["ffprobe"] : []) + (name == "ping" ? ["ping"] : [])
  }
}

extension FailureResponse {
  fileprivate var isTriedAgain: Bool {
    switch self {
    case .retry, .retryAsCrash: true
    case .fail, .snooze: false
    }
  }

  /// In the end: who is tried again may be so too often.
  fileprivate var fails: Bool {
    switch self {
    case .fail, .retry, .retryAsCrash: true
    case .snooze: false
    }
  }
}
