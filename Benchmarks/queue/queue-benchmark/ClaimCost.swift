import Foundation
import Jobs
import Queueing

/// What a claim costs, whatever else is in the table.
struct ClaimCost {
  /// How many finished rows, in the order of measuring.
  let finished: [Int]

  func run() async throws {
    print("\nOne claim of one job, µs (synchronous NORMAL, median of 500)")
    for count in finished {
      try await measure("\(grouped(Double(count))) finished rows", finished: count, waiting: 1_000)
    }
    try await measure("1,000,000 waiting rows", finished: 0, waiting: 1_000_000)
  }

  private func measure(_ name: String, finished: Int, waiting: Int) async throws {
    let database = try await BenchmarkDatabase(.normal)
    // Written past the triggers, which would take minutes: the rows are what counts here.
    try database.sql(
      """
      CREATE TEMP TABLE kept AS SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger';
      PRAGMA writable_schema = ON;
      DELETE FROM sqlite_master WHERE type = 'trigger';
      PRAGMA writable_schema = RESET;
      BEGIN;
      WITH RECURSIVE n (i) AS (SELECT 1 WHERE \(finished) > 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(finished))
        INSERT INTO jobs (step, queue, state, outcome, max_attempts, max_crashes, created_at, finished_at, fence)
        SELECT 'noop', 'bench', 'completed', 'done', 3, 2, i, i, 1 FROM n;
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(waiting))
        INSERT INTO jobs (step, queue, max_attempts, max_crashes, created_at, available_at)
        SELECT 'noop', 'bench', 3, 2, i, i FROM n;
      COMMIT;
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql)
        SELECT 'trigger', name, tbl_name, 0, sql FROM kept;
      PRAGMA writable_schema = OFF;
      PRAGMA wal_checkpoint(TRUNCATE);
      """)
    let queue = try JobQueue(path: database.queue.path, options: DatabaseOptions(durability: .normal))
    var costs: [Double] = []
    for _ in 0..<500 {
      var claimed: [ClaimedJob] = []
      costs.append(try await seconds { claimed = try await queue.claim(database.scope, limit: 1) } * 1e6)
      for job in claimed { _ = await queue.settle(job.lease(), of: job.job, as: .released) }
    }
    print(column(name, 28) + column(String(format: "%.0f", costs.median), 8))
  }
}
