import Jobs
import Queueing

/// What `--json` prints: the words of the database, times as ISO 8601, absent values as null.
enum Documents {
  /// - Parameter eta: until the job is over, where that is known.
  static func job(_ job: Job, eta: Duration? = nil) -> [String: JSONValue] {
    [
      "id": .integer(job.id), "step": .string(job.step.rawValue), "queue": .string(job.queue.rawValue),
      "parameters": job.parameters, "state": .string(job.state.rawValue),
      "outcome": text(job.outcome?.rawValue), "priority": .integer(Int64(job.priority)),
      "tenant": .string(job.tenant), "dedup_key": text(job.dedupKey),
      "parent_id": job.parentID.map { .integer($0) } ?? .null, "attempt": .integer(Int64(job.attempt)),
      "max_attempts": .integer(Int64(job.maxAttempts)), "crashes": .integer(Int64(job.crashes)),
      "max_crashes": .integer(Int64(job.maxCrashes)), "fence": .integer(job.fence),
      "worker_id": job.workerID.map { .integer($0) } ?? .null, "progress": job.progress.map { .number($0) } ?? .null,
      "progress_message": text(job.progressMessage), "error": job.error.map(failure) ?? .null,
      "result": job.result ?? .null, "cancel_requested_at": time(job.cancelRequestedAt),
      "created_at": time(job.createdAt), "run_at": time(job.runAt), "available_at": time(job.availableAt),
      "started_at": time(job.startedAt), "finished_at": time(job.finishedAt), "eta_seconds": seconds(eta),
    ]
  }

  static func child(_ child: DependencyResult) -> JSONValue {
    .object([
      "id": .integer(child.jobID), "step": .string(child.step.rawValue), "state": .string(child.state.rawValue),
      "outcome": text(child.outcome?.rawValue), "progress": child.progress.map { .number($0) } ?? .null,
    ])
  }

  static func artifact(_ artifact: Artifact) -> JSONValue {
    .object([
      "role": .string(artifact.role), "path": .string(artifact.path), "media_type": .string(artifact.mediaType),
      "bytes": .integer(artifact.bytes), "sha256": .string(artifact.sha256),
      "derivation_key": .string(artifact.derivationKey), "provenance": artifact.provenance,
    ])
  }

  static func storedArtifact(_ stored: StoredArtifact) -> JSONValue {
    var members = artifact(stored.artifact).objectValue ?? [:]
    members["id"] = .integer(stored.id)
    members["job"] = .integer(stored.jobID)
    members["step"] = .string(stored.step.rawValue)
    members["tenant"] = .string(stored.tenant)
    members["source"] = text(stored.source)
    members["view"] = text(stored.view)
    members["frame"] = stored.frame.map { .integer($0) } ?? .null
    members["created_at"] = time(stored.createdAt)
    return .object(members)
  }

  static func event(_ event: JobEvent) -> JSONValue {
    .object([
      "id": .integer(event.id), "job": .integer(event.jobID), "at": time(event.at),
      "kind": .string(event.kind.rawValue), "fence": event.fence.map { .integer($0) } ?? .null,
      "worker_id": event.workerID.map { .integer($0) } ?? .null, "detail": event.detail ?? .null,
    ])
  }

  /// - Parameters:
  ///   - eta: until nothing of the queue runs, could run or is blocked, where that is known.
  ///   - workers: how many live and take jobs from it.
  static func queue(_ status: QueueStatus, eta: Duration?, workers: Int) -> JSONValue {
    .object([
      "workers": .integer(Int64(workers)),
      "name": .string(status.name.rawValue), "max_concurrency": .integer(Int64(status.maxConcurrency)),
      "min_concurrency": .integer(Int64(status.minConcurrency)), "paused": .bool(status.paused),
      "max_per_tenant": number(status.maxPerTenant), "max_starts_per_minute": number(status.maxStartsPerMinute),
      "running": .integer(Int64(status.running)), "available": .integer(Int64(status.available)),
      "scheduled": .integer(Int64(status.scheduled)), "blocked": .integer(Int64(status.blocked)),
      "oldest_available_at": time(status.oldestAvailableAt), "eta_seconds": seconds(eta),
    ])
  }

  static func tenant(_ tenant: Tenant) -> JSONValue {
    .object([
      "name": .string(tenant.name), "artifact_bytes": .integer(tenant.artifactBytes),
      "max_artifact_bytes": tenant.maxArtifactBytes.map { .integer($0) } ?? .null,
      "artifacts": .integer(Int64(tenant.artifacts)), "unfinished_jobs": .integer(Int64(tenant.unfinishedJobs)),
      "created_at": time(tenant.createdAt),
    ])
  }

  private static func failure(_ failure: JobFailure) -> JSONValue {
    .object([
      "class": .string(failure.failureClass.rawValue), "message": .string(failure.message),
      "exit": number(failure.exit), "signal": number(failure.signal), "log_tail": text(failure.logTail),
    ])
  }

  private static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
  private static func seconds(_ value: Duration?) -> JSONValue {
    value.map { .number(Double($0.wholeMilliseconds) / 1000) } ?? .null
  }
  private static func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
  private static func time(_ value: Timestamp?) -> JSONValue { text(value?.iso8601) }
}
