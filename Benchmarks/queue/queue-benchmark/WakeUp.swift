import Foundation
import Jobs
import Queueing

/// From the INSERT of another process to the claim in this one, through inotify.
struct WakeUp {
  let inserts: Int

  /// Python waits a random 5–25 ms before each insert, and stores when it began as the parameter of the job.
  private static let producer = """
    import random, sqlite3, sys, time
    db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
    for _ in range(int(sys.argv[2])):
        time.sleep(random.uniform(0.005, 0.025))
        db.execute("INSERT INTO jobs (step, priority, created_at) VALUES ('noop', 0, ?)", (time.time_ns() // 1000,))
    """

  func run() async throws {
    let database = try await BenchmarkDatabase(.normal)
    let queue = database.queue
    let watcher = try CommitWatcher(queue)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", Self.producer, queue.path, "\(inserts)"]
    try process.run()
    var waits: [Double] = []
    for await _ in watcher.wakeUps {
      while case let claimed = try await queue.claim(database.scope, limit: 10), !claimed.isEmpty {
        let now = Date().timeIntervalSince1970 * 1e6
        for job in claimed {
          // created_at holds microseconds here, as a stamp of the producer.
          waits.append((now - Double(job.job.createdAt.milliseconds)) / 1000)
          _ = await queue.settle(job.lease(), of: job.job, as: .completed(StepResult()))
        }
      }
      if waits.count >= inserts { break }
    }
    process.waitUntilExit()
    print("\nINSERT begun in a Python process → claimed here, ms (\(inserts) single inserts, idle between them)")
    print(
      ["p50", "p90", "p99", "max"].map { column($0, 8) }.joined() + "\n"
        + [0.5, 0.9, 0.99, 1].map { column(String(format: "%.2f", waits.quantile($0)), 8) }.joined())
  }
}
