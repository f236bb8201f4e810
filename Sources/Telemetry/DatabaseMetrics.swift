package import CoreMetrics
import Jobs

/// What the database costs this worker, as numbers.
package struct DatabaseMetrics: Sendable {
  private let lockWait: Timer
  private let transaction: Timer
  private let writes: Counter
  private let checkpoint: Timer

  package init(factory: any MetricsFactory) {
    lockWait = Timer(label: Metric.writeLockWait.name, factory: factory)
    transaction = Timer(label: Metric.transaction.name, factory: factory)
    writes = Counter(label: Metric.transactionWrites.name, factory: factory)
    checkpoint = Timer(label: Metric.checkpoint.name, factory: factory)
  }

  /// A write transaction was committed.
  /// - Parameters:
  ///   - lockWait: from asking for the lock to having it.
  ///   - held: from there to the end of the commit.
  ///   - writes: how many shared it.
  package func committed(lockWait: Duration, held: Duration, writes: Int) {
    self.lockWait.recordNanoseconds(lockWait.nanoseconds)
    transaction.recordNanoseconds(held.nanoseconds)
    self.writes.increment(by: writes)
  }

  package func checkpointed(in took: Duration) { checkpoint.recordNanoseconds(took.nanoseconds) }
}
