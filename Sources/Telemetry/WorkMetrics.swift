import CoreMetrics
import Jobs

/// What tools cost and what came out of them, as numbers.
struct WorkMetrics: Sendable {
  private let artifacts: MetricHandles<Counter>
  private let artifactBytes: MetricHandles<Counter>
  private let renders: MetricHandles<Counter>
  private let toolRuns: MetricHandles<Counter>
  private let toolTime: MetricHandles<FloatingPointCounter>
  private let toolMemory: MetricHandles<Recorder>

  init(factory: any MetricsFactory) {
    artifacts = factory.counters(Metric.artifacts)
    artifactBytes = factory.counters(Metric.artifactBytes)
    renders = factory.counters(Metric.renders)
    toolRuns = factory.counters(Metric.toolRuns)
    toolTime = factory.floatingPointCounters(Metric.toolTime)
    toolMemory = factory.recorders(Metric.toolMemory)
  }

  /// The words of `ending` are those of ``MetricsRegistry/begin(_:)``.
  func toolEnded(_ usage: ToolUsage) {
    let ending = usage.signal != nil ? "crashed" : usage.exit == 0 ? "done" : "failed"
    toolRuns[usage.tool, ending].increment()
    toolTime[usage.tool].increment(by: usage.cpuSeconds)
    toolMemory[usage.tool].record(usage.peakMemoryBytes)
  }

  func rendered(on device: RunFact.RenderDevice, _ isFallback: Bool) {
    renders[device.rawValue, isFallback ? "true" : "false"].increment()
  }

  func published(_ files: [Artifact], by job: Job) {
    for file in files {
      artifacts[job.step.rawValue, file.role].increment()
      artifactBytes[job.step.rawValue, file.role].increment(by: file.bytes)
    }
  }
}
