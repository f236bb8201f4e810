import Foundation
import Glibc
import Jobs
import TestSupport
import Testing

@Suite("Kill race", .timeLimit(.minutes(5)))
struct KillRaceTests {
  private static let jobs = 5000
  private static let workers = 4
  private static let kills = 12

  @Test(
    "Four workers race over 5,000 jobs while they are killed at random, and each job completes once, under one fence")
  func race() async throws {
    let installation = try Installation()
    try installation.sql(
      """
      UPDATE worker_configs SET max_concurrency = 48 WHERE queue_name = 'default';
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(Self.jobs))
      INSERT INTO jobs (step, parameters, max_crashes)
        SELECT 'ping', json_object('number', n, 'sleep_seconds', 0.05, 'tool', json(iif(n % 100 = 0, 'true', 'false'))), 100
        FROM number;
      """)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SplitMix(state: seed)
    var workers = try (0..<Self.workers).map { _ in try installation.startWorker() }

    // A kill each time another slice of the jobs is done.
    let events = try EventFollower(installation.queue)
    var completed = 0
    func waitForCompletions(_ target: Int) async throws {
      while completed < target {
        _ = try await events.next { $0.kind == .completed }
        completed += 1
      }
    }
    for kill in 1...Self.kills {
      try await waitForCompletions(Self.jobs * kill / (Self.kills + 1))
      let victim = Int(generator.next() % UInt64(Self.workers))
      workers[victim].send(SIGKILL)
      workers[victim].wait()
      workers[victim] = try installation.startWorker()
    }
    try await waitForCompletions(Self.jobs)

    let comment = Comment(rawValue: "seed \(seed)")
    func count(_ query: String) throws -> Int { try #require(Int(try installation.sql(query))) }
    #expect(try count("SELECT count(*) FROM jobs WHERE state = 'completed' AND outcome = 'done'") == Self.jobs, comment)
    #expect(try count("SELECT count(*) FROM job_events WHERE kind = 'completed'") == Self.jobs, comment)
    #expect(
      try count("SELECT count(DISTINCT job_id) FROM job_events WHERE kind = 'completed'") == Self.jobs, comment)
    // The completion stands under the last fence, every fence was claimed once, and each other claim was rescued.
    #expect(
      try count(
        "SELECT count(*) FROM job_events e JOIN jobs j ON j.id = e.job_id WHERE kind = 'completed' AND e.fence = j.fence"
      ) == Self.jobs, comment)
    #expect(
      try count("SELECT count(*) FROM job_events WHERE kind = 'started'") == count("SELECT sum(fence) FROM jobs"),
      comment)
    #expect(
      try count("SELECT count(*) FROM (SELECT 1 FROM job_events WHERE kind = 'started' GROUP BY job_id, fence)")
        == count("SELECT count(*) FROM job_events WHERE kind = 'started'"), comment)
    let rescued = try count("SELECT count(*) FROM job_events WHERE kind = 'rescued'")
    #expect(try count("SELECT sum(fence) - count(*) FROM jobs") == rescued, comment)
    #expect(rescued > 0, "the kills hit running jobs; \(comment)")
    #expect(try count("SELECT sum(crashes) FROM jobs") == rescued, comment)
    #expect(try count("SELECT count(*) FROM tool_processes") == 0, comment)
    // No two claims of a job overlap: each starts after the one before was taken back.
    #expect(
      try count(
        """
        SELECT count(*) FROM job_events AS start JOIN job_events AS back
          ON back.job_id = start.job_id AND back.kind = 'rescued' AND back.fence = start.fence - 1
        WHERE start.kind = 'started' AND start.id < back.id
        """) == 0, comment)
  }
}
