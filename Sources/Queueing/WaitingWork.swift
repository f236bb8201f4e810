import GRDB
package import Jobs

/// What waits for a slot, as a line of status needs it: cheap to read however much it is.
package struct WaitingWork: Sendable, Hashable {
  /// No more are counted.
  package static let limit = 1000

  /// Available jobs.
  package var count: Int
  /// The oldest of those that were counted.
  package var oldestAvailableAt: Timestamp?

  package init(count: Int, oldestAvailableAt: Timestamp? = nil) {
    self.count = count
    self.oldestAvailableAt = oldestAvailableAt
  }

  /// There may be more, and older ones.
  package var isPartial: Bool { count >= Self.limit }
}

extension JobQueue {
  /// - Parameter queues: `nil`: every queue.
  package func waitingWork(in queues: [QueueName]?) async throws -> WaitingWork {
    let chosen = queues.map { "AND queue IN (\($0.map { _ in "?" }.joined(separator: ", ")))" } ?? ""
    let arguments = StatementArguments((queues ?? []).map(\.rawValue)) + [WaitingWork.limit]
    return try await read { db in
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT count(*), min(available_at) FROM (
              SELECT available_at FROM jobs WHERE state = 'available' AND queue IS NOT NULL \(chosen) LIMIT ?)
            """), arguments: arguments)
      return WaitingWork(
        count: row?[0] ?? 0, oldestAvailableAt: (row?[1] as Int64?).map { Timestamp(milliseconds: $0) })
    }
  }
}
