/// Where a job stands. The raw values are the values of the column `jobs.state`.
///
///     blocked ──▶ scheduled ──▶ available ──▶ running ──▶ completed
///      ▲ │            ▲             ▲          │ │  └──▶ failed     (permanent error, or budget spent)
///      │ │            └── retry ────┼──────────┤ └─────▶ cancelled  (only after its tool is proven dead)
///      │ └─ dependencies done ──────┘          │
///      └──────── asks for other jobs ──────────┘
///
/// Only `running` is touched by the death of a process: the kernel then frees the lock of its worker, and
/// another worker takes the job back. All other states are rows at rest.
package enum JobState: String, Sendable, Hashable, Codable, CaseIterable {
  /// Waits for other jobs to complete.
  case blocked
  /// Waits for `run_at`: a delay the producer asked for, a retry, or a snooze.
  case scheduled
  /// May be claimed.
  case available
  /// Leased by a worker. With `cancel_requested_at` set it is being cancelled.
  case running
  /// Final: done, see ``JobOutcome``.
  case completed
  /// Final: a permanent error, or the attempt or crash budget is spent.
  case failed
  /// Final: cancelled, its tool proven dead.
  case cancelled

  /// Whether nothing happens to the job any more unless an operator retries it.
  package var isFinal: Bool {
    switch self {
    case .completed, .failed, .cancelled: true
    case .blocked, .scheduled, .available, .running: false
    }
  }
}

/// How a completed job came to its result. The raw values are the values of `jobs.outcome`.
package enum JobOutcome: String, Sendable, Hashable, Codable, CaseIterable {
  /// The step ran.
  case done
  /// The result already existed and was taken.
  case cached
  /// There was nothing to do.
  case skipped
}
