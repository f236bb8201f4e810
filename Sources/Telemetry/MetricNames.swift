/// The names of the metrics, by Prometheus' rules: unit in the name, `_total` for counters.
extension JobMetrics {
  package enum Name {
    package static let started = "stepworks_jobs_started_total"
    package static let settled = "stepworks_jobs_settled_total"
    package static let wait = "stepworks_job_wait_seconds"
    package static let run = "stepworks_job_run_seconds"
    package static let toolTime = "stepworks_tool_cpu_seconds_total"
    package static let toolMemory = "stepworks_tool_peak_memory_bytes"
    package static let running = "stepworks_running_jobs"
    package static let queueJobs = "stepworks_queue_jobs"
    package static let oldestWaiting = "stepworks_queue_oldest_waiting_seconds"
    package static let maxConcurrency = "stepworks_queue_max_concurrency"
    package static let queuePaused = "stepworks_queue_paused"
    package static let rescued = "stepworks_rescued_jobs_total"
    package static let leasesLost = "stepworks_leases_lost_total"
    package static let buildInfo = "stepworks_build_info"
  }

  package static let descriptions: [MetricsRegistry.Description] = [
    .init(Name.started, "Jobs that this worker started."),
    .init(
      Name.settled,
      "Runs that ended here, by outcome (done, cached, skipped, retry_scheduled, snoozed, awaiting, released, failed, cancelled) and failure class."
    ),
    .init(Name.wait, "Time from becoming available to being started."),
    .init(Name.run, "Time from the start of a run to its settlement."),
    .init(Name.toolTime, "Processor time of the tools that ended, children included."),
    .init(Name.toolMemory, "Peak memory of each tool run, children included.", scale: .bytes),
    .init(Name.running, "Jobs that run in this worker now."),
    .init(Name.queueJobs, "Jobs in the database that are not final, by state; the same for every worker."),
    .init(Name.oldestWaiting, "How long the job that has been available longest has waited; 0 when none waits."),
    .init(Name.maxConcurrency, "How many jobs of the queue may run at once over all workers."),
    .init(Name.queuePaused, "1 while the queue is paused."),
    .init(Name.rescued, "Jobs that this worker took back from workers that died."),
    .init(Name.leasesLost, "Runs of this worker whose result was thrown away because another worker had the job."),
    .init(Name.buildInfo, "Always 1; the label says which version runs."),
  ]
}
