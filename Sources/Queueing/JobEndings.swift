import GRDB
package import Jobs

/// How jobs ended lately, by the events: to look at the jobs themselves would take the longer the more there are.
package struct JobEndings: Sendable, Hashable {
  /// How many ended in one way in one stretch of time.
  package struct Count: Sendable, Hashable {
    /// Of ``JobEndings/bucket``; since 1970.
    package var bucket: Int64
    /// `completed`, `failed` or `cancelled`.
    package var kind: JobEventKind
    package var count: Int
  }

  /// The length of the stretches.
  package static let bucket: Duration = .seconds(5)

  package var counts: [Count]
  /// What ``counts`` begins with: the time that was asked for, or a later one where there were too many events.
  package var since: Timestamp
  /// The newest first, each with its event: of a job that ended more than once all of them.
  package var newest: [JobEvent]
  /// The last event that was looked at: where the next look goes on.
  package var position: Int64
}

extension JobQueue {
  /// How many events a first look goes back at most.
  private static let longestLook: Int64 = 100_000

  /// - Parameters:
  ///   - position: only what came after this event; `nil`: from `since` on, or fewer where there are very many.
  ///   - limit: of ``JobEndings/newest``, which a first look finds also before `since`.
  package func endings(after position: Int64?, since: Timestamp, limit: Int) async throws -> JobEndings {
    try await read { db in
      let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM job_events") ?? 0
      let first = try position ?? Self.lastEvent(before: since, in: db)
      let start = position == nil ? max(first, last - Self.longestLook) : first
      let cut =
        try start == first
        ? nil
        : Int64.fetchOne(db, sql: "SELECT at FROM job_events WHERE id > ? ORDER BY id LIMIT 1", arguments: [start])
      let counts = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT at / ?, kind, count(*) FROM job_events
            WHERE id > ? AND id <= ? AND kind IN ('completed', 'failed', 'cancelled') AND at >= ? GROUP BY 1, 2
            """),
        arguments: [JobEndings.bucket.wholeMilliseconds, start, last, since.milliseconds]
      ).compactMap { row in
        JobEventKind(rawValue: row[1]).map { JobEndings.Count(bucket: row[0], kind: $0, count: row[2]) }
      }
      let newest = try Self.events(
        where: "id > ? AND kind IN ('completed', 'failed', 'cancelled') ORDER BY id DESC LIMIT ?",
        arguments: [position ?? last - Self.longestLook, limit], in: db)
      return JobEndings(
        counts: counts, since: cut.map(Timestamp.init(milliseconds:)) ?? since, newest: newest, position: last)
    }
  }

  /// The last event before a time, 0 when there is none. Events are written in the order of their times, but for a few
  /// that were written at once: it takes some twenty looks whatever their number.
  package func lastEvent(before time: Timestamp) async throws -> Int64 {
    try await read { try Self.lastEvent(before: time, in: $0) }
  }

  private static func lastEvent(before time: Timestamp, in db: Database) throws -> Int64 {
    let next = try db.cachedStatement(sql: "SELECT id, at FROM job_events WHERE id >= ? ORDER BY id LIMIT 1")
    var before: Int64 = 0
    var after = try (Int64.fetchOne(db, sql: "SELECT max(id) FROM job_events") ?? 0) + 1
    while after - before > 1 {
      let middle = before + (after - before) / 2
      // Ids may be missing: the next one there is stands for them.
      guard let row = try Row.fetchOne(next, arguments: [middle]), (row[0] as Int64) < after else {
        after = middle
        continue
      }
      if (row[1] as Int64) >= time.milliseconds { after = middle } else { before = row[0] }
    }
    return before
  }
}
