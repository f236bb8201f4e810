import Atomics
package import Jobs

/// The right to run one job and to settle it once.
///
/// Using it twice does not compile; dropping it without settling traps, because the job would stay `running` under a
/// living worker for ever.
package struct JobLease: ~Copyable {
  // Integers only: `discard self` needs fields without a destructor.
  package let jobID: JobID
  package let fence: Int64

  fileprivate init(_ token: LeaseToken) {
    jobID = token.jobID
    fence = token.fence
  }

  package var token: LeaseToken { LeaseToken(jobID: jobID, fence: fence) }

  /// Called once the row has been settled, or found to be somebody else's.
  consuming func spend() { discard self }

  deinit { Self.trapUnsettled(jobID) }

  private static func trapUnsettled(_ jobID: JobID) {
    preconditionFailure("the lease of job \(jobID) was dropped without being settled")
  }
}

/// A claimed job on its way to the task that runs it. A noncopyable lease can't travel in an array or into a task
/// group; this can, and gives the lease out once.
package final class ClaimedJob: Sendable {
  package let job: Job
  private let isTaken = ManagedAtomic(false)

  init(_ job: Job) { self.job = job }

  /// - Precondition: called once.
  package func lease() -> JobLease {
    let wasTaken = isTaken.exchange(true, ordering: .acquiringAndReleasing)
    precondition(!wasTaken, "the lease of job \(job.id) was taken twice")
    return JobLease(job.token)
  }
}

/// Proof that a run of a job has ended in the database. Only the queue makes one.
package struct Settlement: Sendable, Hashable {
  package enum Standing: Sendable, Hashable {
    case settled(SettlementKind)
    /// Somebody else has the job: nothing was changed.
    case leaseLost
    /// The database could not be written before the worker had to stop; the job is taken back by a rescue.
    case abandoned
  }

  package let standing: Standing

  init(_ standing: Standing) { self.standing = standing }
}
