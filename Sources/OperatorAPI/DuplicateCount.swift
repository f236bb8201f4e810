import Jobs
import Queueing

/// Counts the inserts that were merged, which happens in the processes of producers: by the events that tell of them,
/// each looked at once. Events that are deleted later stay counted; the count begins at 0 with each worker.
actor DuplicateCount {
  private var lastID: Int64?
  private var counts: [QueueName: Int] = [:]

  func begin(after id: Int64) { lastID = lastID ?? id }

  /// - Parameter names: of queues that have a number in any case, so that a first duplicate is seen as one more.
  /// - Throws: ``QueueError``.
  func count(in queue: JobQueue, names: [QueueName]) async throws -> [(QueueName, Int)] {
    let start = lastID
    let new =
      if let start { try await queue.duplicates(after: start) } else {
        (byQueue: [QueueName: Int](), lastID: try await queue.lastEventID())
      }
    // Somebody else may have asked meanwhile, and counted the same.
    if lastID == start {
      lastID = new.lastID
      counts.merge(new.byQueue, uniquingKeysWith: +)
    }
    for name in names { counts[name] = counts[name] ?? 0 }
    return counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
  }
}
