package import Jobs

extension MetricsRegistry {
  /// Shows counters of these steps and of their tools with 0 before anything is counted: of a series that is born with
  /// its first value, Prometheus does not see that one as an increase.
  package func begin(_ steps: [StepDefinition]) {
    for step in steps.map(\.name.rawValue) {
      begin(Metric.jobsStarted, step)
      begin(Metric.jobsSettled, step, RunOutcome.done.rawValue, "none")
    }
    let tools = Set(steps.flatMap(\.tools))
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
