import Jobs
import Telemetry
import Testing

struct JobMetricsTests {
  private let registry = MetricsRegistry()
  private let metrics: JobMetrics

  init() { metrics = JobMetrics(factory: registry, version: "1.2.3") }

  @Test func `The version is there before anything happens`() {
    #expect(lines.contains("stepworks_build_info{version=\"1.2.3\"} 1"))
    #expect(lines.contains("stepworks_rescued_jobs_total{outcome=\"failed\"} 0"))
    #expect(lines.contains("stepworks_leases_lost_total 0"))
  }

  @Test func `A job that completes is counted by how it did`() {
    metrics.observe(.jobStarted(Samples.job(), wait: .milliseconds(250)))
    metrics.observe(.jobSettled(Samples.job(), .completed(.cached), timings: RunTimings(run: .seconds(2))))
    #expect(lines.contains("stepworks_jobs_started_total{step=\"export_glb\"} 1"))
    #expect(
      lines.contains("stepworks_jobs_settled_total{class=\"none\",outcome=\"cached\",step=\"export_glb\"} 1"))
    #expect(lines.contains("stepworks_job_wait_seconds_sum{queue=\"cad\"} 0.25"))
    #expect(lines.contains("stepworks_job_run_seconds_sum{outcome=\"cached\",step=\"export_glb\"} 2"))
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
    #expect(lines.contains("stepworks_tool_peak_memory_bytes_bucket{tool=\"stepworks-cad\",le=\"1.048576e+06\"} 0"))
    #expect(lines.contains("stepworks_tool_peak_memory_bytes_bucket{tool=\"stepworks-cad\",le=\"2.097152e+06\"} 1"))
  }

  @Test(arguments: [(0, nil, "done"), (70, nil, "failed"), (nil, 11, "crashed")] as [(Int?, Int?, String)])
  func `A tool's runs are kept by how they ended`(_ exit: Int?, _ signal: Int?, _ ending: String) {
    let usage = ToolUsage(
      tool: "stepworks-cad", wallSeconds: 2, cpuSeconds: 1.5, peakMemoryBytes: 1 << 21, exit: exit, signal: signal)
    metrics.observe(.jobReported(Samples.job(), .toolEnded(usage)))
    #expect(lines.contains("stepworks_tool_runs_total{ending=\"\(ending)\",tool=\"stepworks-cad\"} 1"))
  }

  @Test func `Phases are kept by step, with where the run began and how it was settled`() {
    let timings = RunTimings(
      wait: .seconds(9), start: .seconds(1), phases: [.init("mesh", .seconds(5))], settle: .milliseconds(500),
      run: .seconds(7))
    metrics.observe(.jobSettled(Samples.job(), .failed(Samples.failure), timings: timings))
    for (phase, seconds) in [("start", "1"), ("mesh", "5"), ("settle", "0.5")] {
      #expect(lines.contains("stepworks_job_phase_seconds_sum{phase=\"\(phase)\",step=\"export_glb\"} \(seconds)"))
    }
    #expect(lines.contains("stepworks_job_phase_seconds_bucket{phase=\"mesh\",step=\"export_glb\",le=\"4.0\"} 0"))
    #expect(lines.contains("stepworks_job_phase_seconds_bucket{phase=\"mesh\",step=\"export_glb\",le=\"16.0\"} 1"))
    #expect(lines.count { $0.hasPrefix("stepworks_job_phase_seconds_count") } == 3)
  }

  @Test func `What came out is counted by step and role`() {
    func file(_ role: String, _ bytes: Int64) -> Artifact {
      Artifact(
        role: role, path: "/\(role)", mediaType: "a/b", bytes: bytes, sha256: "", derivationKey: "", provenance: .null)
    }
    metrics.observe(.artifactsPublished(Samples.job(), [file("glb", 700), file("report", 30), file("report", 12)]))
    #expect(lines.contains("stepworks_artifacts_total{role=\"report\",step=\"export_glb\"} 2"))
    #expect(lines.contains("stepworks_artifact_bytes_total{role=\"report\",step=\"export_glb\"} 42"))
    #expect(lines.contains("stepworks_artifact_bytes_total{role=\"glb\",step=\"export_glb\"} 700"))
  }

  @Test func `A render that fell back to the processor is told apart from one that was meant for it`() {
    metrics.observe(.jobReported(Samples.job(), .fact(.rendered(on: .cpu, isFallback: true))))
    metrics.observe(.jobReported(Samples.job(), .fact(.rendered(on: .cpu, isFallback: false))))
    metrics.observe(.jobReported(Samples.job(), .fact(.rendered(on: .cpu, isFallback: false))))
    #expect(lines.contains("stepworks_renders_total{device=\"cpu\",fallback=\"true\"} 1"))
    #expect(lines.contains("stepworks_renders_total{device=\"cpu\",fallback=\"false\"} 2"))
  }

  @Test func `Frames that a dead run left are counted, not runs`() {
    metrics.observe(.jobReported(Samples.job(step: "render_frames"), .fact(.framesResumed(7))))
    #expect(lines.contains("stepworks_resumed_frames_total{step=\"render_frames\"} 7"))
  }

  @Test func `The first frames that are resumed are an increase, in the step that can`() {
    registry.begin(
      ["render_frames", "render_still"].map {
        StepDefinition(name: $0, version: 1, queue: "render", summary: "", parameters: ParameterSchema([]))
      })
    let resumed = lines.filter { $0.hasPrefix("stepworks_resumed_frames_total") }
    #expect(resumed == ["stepworks_resumed_frames_total{step=\"render_frames\"} 0"])
  }

  @Test func `Of claims only those that a commit led to tell how quick a wake-up is`() {
    metrics.observe(.claimed(ClaimReport(jobs: 2, took: .milliseconds(250), sinceNotice: .milliseconds(500))))
    metrics.observe(.claimed(ClaimReport(jobs: 1, took: .milliseconds(250), sinceNotice: nil)))
    #expect(lines.contains("stepworks_claim_seconds_count 2"))
    #expect(lines.contains("stepworks_claim_seconds_sum 0.5"))
    #expect(lines.contains("stepworks_wakeup_seconds_count 1"))
    #expect(lines.contains("stepworks_wakeup_seconds_sum 0.5"))
  }

  @Test func `Troubles are counted`() {
    metrics.observe(.trouble("The disk is full."))
    #expect(lines.contains("stepworks_troubles_total 1"))
  }

  @Test func `Steps and tools show 0 before anything runs, each series once`() {
    registry.begin([
      StepDefinition(
        name: "render_still", version: 1, queue: "render", summary: "", parameters: ParameterSchema([]),
        tools: ["stepworks-render"])
    ])
    #expect(lines.contains("stepworks_jobs_started_total{step=\"render_still\"} 0"))
    #expect(lines.contains("stepworks_renders_total{device=\"cpu\",fallback=\"true\"} 0"))
    #expect(lines.contains("stepworks_tool_runs_total{ending=\"crashed\",tool=\"stepworks-render\"} 0"))
    metrics.observe(.jobStarted(Samples.job(step: "render_still"), wait: .zero))
    #expect(lines.contains("stepworks_jobs_started_total{step=\"render_still\"} 1"))
    let series = lines.filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ").dropLast().joined(separator: " ") }
    #expect(Set(series).count == series.count)
  }

  @Test func `Every way in which runs of a step can end shows 0 before one does`() {
    registry.begin([
      StepDefinition(
        name: "render_still", version: 1, queue: "render", summary: "", parameters: ParameterSchema([]),
        retry: RetryPolicy(overrides: [.invalidOutput: .fail]))
    ])
    let settled = lines.filter { $0.hasPrefix("stepworks_jobs_settled_total{") }
    func isThere(_ outcome: String, _ failureClass: String) -> Bool {
      settled.contains(
        "stepworks_jobs_settled_total{class=\"\(failureClass)\",outcome=\"\(outcome)\",step=\"render_still\"} 0")
    }
    for outcome in RunOutcome.allCases where ![.failed, .retryScheduled].contains(outcome) {
      #expect(isThere(outcome.rawValue, "none"))
    }
    for failureClass in ["tool_crashed", "out_of_memory", "tool_failed", "timed_out", "stalled"] {
      #expect(isThere("failed", failureClass) && isThere("retry_scheduled", failureClass))
    }
    // Tried again by default, and not by this step.
    #expect(isThere("failed", "invalid_output") && !isThere("retry_scheduled", "invalid_output"))
    #expect(isThere("failed", "invalid_input") && !isThere("retry_scheduled", "invalid_input"))
    // Put off instead.
    #expect(!isThere("failed", "no_space") && !isThere("retry_scheduled", "no_space"))
  }

  @Test func `Rescued jobs are counted, not rescues, by what became of them`() {
    metrics.observe(.jobsRescued([.retryScheduled: 3, .failed: 1], from: 7))
    metrics.observe(.jobsRescued([.retryScheduled: 1], from: 8))
    #expect(lines.contains("stepworks_rescued_jobs_total{outcome=\"retry_scheduled\"} 4"))
    #expect(lines.contains("stepworks_rescued_jobs_total{outcome=\"failed\"} 1"))
    #expect(lines.contains("stepworks_rescued_jobs_total{outcome=\"cancelled\"} 0"))
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
