import GRDB
package import Jobs

extension JobQueue {
  /// scheduled → available for every job whose time has come, in transactions of at most a thousand.
  /// - Returns: when the next one is due; `nil`: nothing is scheduled.
  package func promote() async throws -> Timestamp? {
    while true {
      let now = clock.now().milliseconds
      // The usual answer is "nothing yet": a read says so without the write lock.
      guard let next = try await nextRunAt() else { return nil }
      guard next.milliseconds <= now else { return next }
      try await lane.write { db in
        try db.run(
          """
          UPDATE jobs SET state = 'available', available_at = ? WHERE id IN (
            SELECT id FROM jobs WHERE state = 'scheduled' AND run_at <= ? ORDER BY run_at LIMIT 1000)
          """, [now, now])
      }
    }
  }

  private func nextRunAt() async throws -> Timestamp? {
    try await read { db in
      try Int64.fetchOne(db.cachedStatement(sql: "SELECT min(run_at) FROM jobs WHERE state = 'scheduled'"))
        .map { Timestamp(milliseconds: $0) }
    }
  }
}
