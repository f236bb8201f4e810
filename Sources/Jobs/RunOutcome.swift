/// How a run ended: the label `outcome` of metrics, and the column of that name in `latency_histograms`.
package enum RunOutcome: String, Sendable, Hashable, Codable, CaseIterable {
  case done, cached, skipped
  case retryScheduled = "retry_scheduled"
  case snoozed, awaiting, released, failed, cancelled
}
