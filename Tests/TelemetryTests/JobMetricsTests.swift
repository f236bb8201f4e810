import Jobs
import Telemetry
import Testing

struct JobMetricsTests {
  private let registry = MetricsRegistry()
  private let metrics: JobMetrics

  init() { metrics = JobMetrics(factory: registry, version: "1.2.3") }

  @Test func `The version is there before anything happens`() {
    #expect(lines.contains("stepworks_build_info{version=\"1.2.3\"} 1"))
    #expect(lines.contains("stepworks_rescued_jobs_total 0"))
    #expect(lines.contains("stepworks_leases_lost_total 0"))
  }

  @Test func `A job that completes is counted by how it did`() {
    metrics.observe(.jobStarted(Samples.job(), wait: .milliseconds(250)))
    metrics.observe(.jobSettled(Samples.job(), .completed(.cached), timings: RunTimings(run: .seconds(2))))
    #expect(lines.contains("stepworks_jobs_started_total{step=\"export_glb\"} 1"))
    #expect(
      lines.contains("stepworks_jobs_settled_total{class=\"none\",outcome=\"cached\",step=\"export_glb\"} 1"))
    #expect(lines.contains("stepworks_job_wait_seconds_sum{queue=\"cad\"} 0.25"))
    #expect(lines.contains("stepworks_job_run_seconds_sum{step=\"export_glb\"} 2"))
  }

  @Test func `A job that fails is counted by its class`() {
    metrics.observe(.jobSettled(Samples.job(), .failed(Samples.failure), timings: RunTimings()))
    metrics.observe(
      .jobSettled(Samples.job(), .retryScheduled(Samples.failure, delay: .seconds(2)), timings: RunTimings()))
    #expect(
      lines.contains("stepworks_jobs_settled_total{class=\"invalid_input\",outcome=\"failed\",step=\"export_glb\"} 1"))
    #expect(
      lines.contains(
        "stepworks_jobs_settled_total{class=\"invalid_input\",outcome=\"retry_scheduled\",step=\"export_glb\"} 1"))
  }

  @Test func `A run that asked for other jobs is counted as one that waits`() {
    metrics.observe(.jobStarted(Samples.job(), wait: .zero))
    metrics.observe(.jobSettled(Samples.job(), .awaiting([13], reason: "It needs the GLB."), timings: RunTimings()))
    #expect(
      lines.contains("stepworks_jobs_settled_total{class=\"none\",outcome=\"awaiting\",step=\"export_glb\"} 1"))
    #expect(lines.contains("stepworks_running_jobs{queue=\"cad\"} 0"))
  }

  @Test func `Running jobs are those that started and did not end`() {
    for id in 1...3 { metrics.observe(.jobStarted(Samples.job(JobID(id)), wait: .zero)) }
    #expect(lines.contains("stepworks_running_jobs{queue=\"cad\"} 3"))
    metrics.observe(.jobSettled(Samples.job(1), .completed(.done), timings: RunTimings()))
    metrics.observe(.leaseLost(Samples.job(2)))
    #expect(lines.contains("stepworks_running_jobs{queue=\"cad\"} 1"))
    #expect(lines.contains("stepworks_leases_lost_total 1"))
  }

  @Test func `A tool's cost is kept by tool`() {
    let usage = ToolUsage(tool: "stepworks-cad", wallSeconds: 2, cpuSeconds: 1.5, peakMemoryBytes: 1 << 21)
    metrics.observe(.jobReported(Samples.job(), .toolEnded(usage)))
    #expect(lines.contains("stepworks_tool_cpu_seconds_total{tool=\"stepworks-cad\"} 1.5"))
    #expect(lines.contains("stepworks_tool_peak_memory_bytes_bucket{tool=\"stepworks-cad\",le=\"1048576\"} 0"))
    #expect(lines.contains("stepworks_tool_peak_memory_bytes_bucket{tool=\"stepworks-cad\",le=\"2097152\"} 1"))
  }

  @Test func `Rescued jobs are counted, not rescues`() {
    metrics.observe(.jobsRescued(count: 4, from: 7))
    #expect(lines.contains("stepworks_rescued_jobs_total 4"))
  }

  @Test func `No series names a job`() {
    for id in 1...100 { metrics.observe(.jobStarted(Samples.job(JobID(id)), wait: .zero)) }
    #expect(lines.count { $0.hasPrefix("stepworks_jobs_started_total") } == 1)
  }

  @Test func `Every metric is described`() {
    metrics.observe(.jobStarted(Samples.job(), wait: .zero))
    metrics.observe(.jobSettled(Samples.job(), .completed(.done), timings: RunTimings()))
    let types = lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] }
    let helps = lines.filter { $0.hasPrefix("# HELP ") }.map { $0.split(separator: " ")[2] }
    #expect(types == helps)
  }

  private var lines: [String] { registry.exposition().split(separator: "\n").map(String.init) }
}
