import Jobs
import Queueing

/// What `stepworks top` shows: everything of one moment.
struct TopSnapshot {
  struct Queue {
    var status: QueueStatus
    /// Until nothing runs or can start in it any more; `nil`: not known, or nothing waits.
    var emptyIn: Duration?
  }

  /// A job that runs, or that waits for running ones it asked for.
  struct Running {
    var job: Job
    /// Of one that asked for others.
    var firstStart: Timestamp?
    /// How many of those above asked for it, and for each other.
    var depth = 0
    var tool: ToolShare?
    var remaining: Duration?
  }

  /// What the processes of a run take now.
  struct ToolShare: Hashable {
    /// Of a processor, since the last look or, at the first, since they were started: 2 is two whole ones.
    var processors: Double
    var residentBytes: UInt64
  }

  struct Ending {
    var event: JobEvent
    var job: Job
    /// Of one that asked for others.
    var firstStart: Timestamp?
  }

  var database: String
  var at: Timestamp
  var workers: [WorkerStatus]
  var queues: [Queue]
  /// Those who asked for others above these.
  var running: [Running]
  /// The newest first, each job once.
  var endings: [Ending]
  var throughput: Throughput.Seen

  /// Of all queues: also of those running jobs that are not read.
  var runningCount: Int { queues.map(\.status.running).reduce(0, +) }
  var waitingCount: Int { queues.map { $0.status.available + $0.status.scheduled + $0.status.blocked }.reduce(0, +) }
}
