/// Every metric of a worker. docs/metrics.md has the same as a table; a test compares them.
package enum Metric {
  // Jobs

  package static let jobsStarted = MetricDescription(
    "stepworks_jobs_started_total", .counter, labels: ["step"], "Jobs that this worker claimed and started.")
  package static let jobsSettled = MetricDescription(
    "stepworks_jobs_settled_total", .counter, labels: ["step", "outcome", "class"],
    "Runs that ended here, by outcome (done, cached, skipped, retry_scheduled, snoozed, awaiting, released, failed, cancelled) and failure class; none where nothing failed."
  )
  package static let wait = MetricDescription(
    "stepworks_job_wait_seconds", .histogram, labels: ["queue"], "Time from becoming available to being started.",
    recentName: "stepworks_job_wait_quantile_seconds")
  package static let run = MetricDescription(
    "stepworks_job_run_seconds", .histogram, labels: ["step", "outcome"],
    "Time from the start of a run to its settlement, by outcome.",
    recentName: "stepworks_job_run_quantile_seconds")
  package static let phase = MetricDescription(
    "stepworks_job_phase_seconds", .histogram, labels: ["step", "phase"],
    "Time in one phase of a run: start (claim to first output), those that its step tells, settle.", scale: .phases)
  package static let running = MetricDescription(
    "stepworks_running_jobs", .gauge, labels: ["queue"], "Jobs that run in this worker now.")
  package static let rescued = MetricDescription(
    "stepworks_rescued_jobs_total", .counter, labels: ["outcome"],
    "Jobs that this worker took back from workers that died, by what became of them: retry_scheduled, failed (they had too many crashes), cancelled (that had been asked for)."
  )
  package static let leasesLost = MetricDescription(
    "stepworks_leases_lost_total", .counter,
    "Runs of this worker whose result was thrown away because another worker had the job.")
  package static let resumedFrames = MetricDescription(
    "stepworks_resumed_frames_total", .counter, labels: ["step"],
    "Frames that an earlier run of the job had left when it was ended, and that were not rendered again.")
  package static let troubles = MetricDescription(
    "stepworks_troubles_total", .counter,
    "Warnings of the worker about itself, its disk or its database: things that it survives and keeps trying.")

  // Claims

  package static let claim = MetricDescription(
    "stepworks_claim_seconds", .histogram,
    "Time that a claim took that found jobs, the wait for the write lane and the lock included; one claim may take several jobs."
  )
  package static let wakeUp = MetricDescription(
    "stepworks_wakeup_seconds", .histogram,
    "Time from noticing a commit of anybody to the end of the claim that it led to, where that found jobs.",
    recentName: "stepworks_wakeup_quantile_seconds")
  package static let workerSlots = MetricDescription(
    "stepworks_worker_slots", .gauge, "Jobs that this worker runs at once at most, over all its queues.")
  package static let workerDraining = MetricDescription(
    "stepworks_worker_draining", .gauge, "1 while this worker drains: it takes nothing new.")

  // What was made

  package static let artifacts = MetricDescription(
    "stepworks_artifacts_total", .counter, labels: ["step", "role"],
    "Files that runs of this worker published; those that a cached job took over are not counted.")
  package static let artifactBytes = MetricDescription(
    "stepworks_artifact_bytes_total", .counter, labels: ["step", "role"],
    "Size of the files that runs of this worker published.")
  package static let renders = MetricDescription(
    "stepworks_renders_total", .counter, labels: ["device", "fallback"],
    "Runs of the render tool that made pictures, by what they ran on (gpu, cpu) and whether that was for want of what was asked for (true, false)."
  )
  package static let gpus = MetricDescription(
    "stepworks_gpus", .gauge, "GPUs that the render tool found when this worker started.")

  // Tools

  package static let toolRuns = MetricDescription(
    "stepworks_tool_runs_total", .counter, labels: ["tool", "ending"],
    "Tool runs and warm requests that ended: done (exit status 0), failed (another one), crashed (a signal, the worker's own included)."
  )
  package static let toolTime = MetricDescription(
    "stepworks_tool_cpu_seconds_total", .counter, labels: ["tool"],
    "Processor time of the tools that ended, children included.")
  package static let toolMemory = MetricDescription(
    "stepworks_tool_peak_memory_bytes", .histogram, labels: ["tool"],
    "Peak memory of each tool run, children included.", scale: .bytes)
  package static let warmProcesses = MetricDescription(
    "stepworks_warm_processes", .gauge, labels: ["state"],
    "Processes that serve request after request: busy, or idle (those that are being ended included).")
  package static let warmWaiting = MetricDescription(
    "stepworks_warm_waiting_requests", .gauge, "Requests that wait for a warm process.")
  package static let warmStarted = MetricDescription(
    "stepworks_warm_processes_started_total", .counter, "Warm processes that were started.")
  package static let warmEnded = MetricDescription(
    "stepworks_warm_processes_ended_total", .counter, labels: ["reason"],
    "Warm processes that ended: requests, age, memory, messages (their share was used up), idle, surplus, mismatch, closed (not needed), failed, output, died, cancelled."
  )
  package static let warmRequests = MetricDescription(
    "stepworks_warm_requests_total", .counter, "Requests that warm processes answered, errors included.")

  // Queues

  package static let queueJobs = MetricDescription(
    "stepworks_queue_jobs", .gauge, labels: ["queue", "state"], scope: .database,
    "Jobs that are not final, by state (blocked, scheduled, available, running).")
  package static let oldestWaiting = MetricDescription(
    "stepworks_queue_oldest_waiting_seconds", .gauge, labels: ["queue"], scope: .database,
    "How long the job that has been available longest has waited; 0 when none waits.")
  package static let maxConcurrency = MetricDescription(
    "stepworks_queue_max_concurrency", .gauge, labels: ["queue"], scope: .database,
    "How many jobs of the queue may run at once over all workers.")
  package static let queuePaused = MetricDescription(
    "stepworks_queue_paused", .gauge, labels: ["queue"], scope: .database, "1 while the queue is paused.")
  package static let slotsWanted = MetricDescription(
    "stepworks_queue_slots_wanted", .gauge, labels: ["queue"], scope: .database,
    "Slots that would all be used if there were no limit: jobs that run or are available.")
  package static let slotsAllowed = MetricDescription(
    "stepworks_queue_slots_allowed", .gauge, labels: ["queue"], scope: .database,
    "Slots that the queue has: its max_concurrency, 0 while it is paused.")
  package static let slotsUsed = MetricDescription(
    "stepworks_queue_slots_used", .gauge, labels: ["queue"], scope: .database, "Slots in which a job runs.")
  package static let duplicates = MetricDescription(
    "stepworks_queue_duplicates_total", .counter, labels: ["queue"], scope: .database,
    "Inserts that were merged into a job that waited already, by whichever producer, since this worker started.")
  package static let workers = MetricDescription(
    "stepworks_workers", .gauge, labels: ["state"], scope: .database,
    "Workers that are registered with the database, by state (running, draining); one that died counts until its jobs are rescued."
  )

  // Database

  package static let writeLockWait = MetricDescription(
    "stepworks_write_lock_wait_seconds", .histogram,
    "Time that write transactions of this worker waited for the lock of the database, which other processes take too.")
  package static let writeLockWaiting = MetricDescription(
    "stepworks_write_lock_waiting_seconds", .gauge,
    "How long this worker has been waiting for that lock at this moment; 0 when it does not.")
  package static let transaction = MetricDescription(
    "stepworks_transaction_seconds", .histogram,
    "Time that write transactions of this worker held the lock: their writes, the commit, an automatic checkpoint.")
  package static let transactionWrites = MetricDescription(
    "stepworks_transaction_writes_total", .counter,
    "Writes that this worker committed; several share a transaction when there is much to write.")
  package static let checkpoint = MetricDescription(
    "stepworks_checkpoint_seconds", .histogram,
    "Time that automatic checkpoints in commits of this worker took; other processes that write do some as well.")
  package static let walBytes = MetricDescription(
    "stepworks_wal_bytes", .gauge, scope: .database, "Size of the write-ahead log's file.")
  package static let databaseBytes = MetricDescription(
    "stepworks_database_bytes", .gauge, scope: .database, "Size of the database's file.")
  package static let diskFree = MetricDescription(
    "stepworks_disk_free_bytes", .gauge, labels: ["holds"], scope: .machine,
    "Room that is left to this worker on the file system of the database and of the data (artifacts, logs).")

  // The process

  package static let buildInfo = MetricDescription(
    "stepworks_build_info", .gauge, labels: ["version"], "Always 1; the label says which version runs.")
  package static let refusedSeries = MetricDescription(
    "stepworks_refused_series_total", .counter,
    "Times that a set of labels was not shown because its metric had the most it may have.")
  package static let processCPU = MetricDescription(
    "process_cpu_seconds_total", .counter, "Processor time of the worker itself, its tools not included.")
  package static let processResident = MetricDescription(
    "process_resident_memory_bytes", .gauge, "Resident memory of the worker itself.")
  package static let processVirtual = MetricDescription(
    "process_virtual_memory_bytes", .gauge, "Address space of the worker itself.")
  package static let processStart = MetricDescription(
    "process_start_time_seconds", .gauge, "When the worker started, in seconds since 1970 UTC.")
  package static let processOpenFiles = MetricDescription(
    "process_open_fds", .gauge, "Open file descriptors of the worker.")
  package static let processMaxFiles = MetricDescription(
    "process_max_fds", .gauge, "File descriptors that the worker may have open.")

  /// In the order of the documentation.
  package static let all: [MetricDescription] =
    [
      jobsStarted, jobsSettled, wait, run, phase, running, rescued, leasesLost, resumedFrames, troubles,
      claim, wakeUp, workerSlots, workerDraining,
      artifacts, artifactBytes, renders, gpus,
      toolRuns, toolTime, toolMemory, warmProcesses, warmWaiting, warmStarted, warmEnded, warmRequests,
      queueJobs, oldestWaiting, maxConcurrency, queuePaused, slotsWanted, slotsAllowed, slotsUsed, duplicates, workers,
      writeLockWait, writeLockWaiting, transaction, transactionWrites, checkpoint, walBytes, databaseBytes, diskFree,
      buildInfo, refusedSeries, processCPU, processResident, processVirtual, processStart, processOpenFiles,
      processMaxFiles,
    ].flatMap { metric in [metric] + [metric.recent].compactMap(\.self) }
}

extension MetricDescription {
  /// Of a histogram with one: the summary of what was recorded lately.
  var recent: MetricDescription? {
    recentName.map { name in
      MetricDescription(
        name, .summary, labels: labels + ["quantile"], scope: scope,
        "Quantiles of \(self.name) over the last \(LatencyWindow.minutes) minutes, 1 being the maximum; absent when nothing was recorded. Quantiles of several workers cannot be averaged."
      )
    }
  }
}
