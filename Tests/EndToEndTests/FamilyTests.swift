import Glibc
import Jobs
import TestSupport
import Testing

/// Jobs that ask for other jobs, under real workers that are really killed.
@Suite("Families", .timeLimit(.minutes(5)))
struct FamilyTests {
  private static let families = 40
  /// A ping that asks for three, each of which asks for three.
  private static let members = 1 + 3 + 9

  @Test("Four workers are killed at random while jobs ask for jobs, and each is asked for once and completes once")
  func race() async throws {
    let installation = try Installation()
    try installation.sql("UPDATE worker_configs SET max_concurrency = 32 WHERE queue_name = 'default'")
    try installation.sql(
      """
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < \(Self.families))
      INSERT INTO jobs (step, parameters, max_crashes)
        SELECT 'ping', '{"ask_for":3,"ask_depth":2,"sleep_seconds":0.05}', 100 FROM number;
      -- Those that are asked for have the step's own budget, which chance must not spend.
      CREATE TRIGGER patience AFTER UPDATE OF parent_id ON jobs BEGIN
        UPDATE jobs SET max_crashes = 100 WHERE id = NEW.id;
      END;
      """)
    let seed = UInt64.random(in: 0 ... .max)
    let comment = Comment(rawValue: "seed \(seed)")
    var generator = SplitMix(state: seed)
    var workers = try (0..<4).map { _ in try installation.startWorker() }
    let events = try EventFollower(installation.queue)
    var settled = 0
    for _ in 1...10 {
      // After so many more jobs have asked or completed.
      let target = settled + 40 + Int(generator.next() % 20)
      while settled < target {
        _ = try await events.next { $0.kind == .completed || $0.kind == .awaiting }
        settled += 1
      }
      let victim = Int(generator.next() % 4)
      workers[victim].send(SIGKILL)
      workers[victim].wait()
      workers[victim] = try installation.startWorker()
    }
    // Each completes once, and all but the last of each line ask once.
    let all = Self.families * Self.members
    while settled < all + Self.families * 4 {
      _ = try await events.next { $0.kind == .completed || $0.kind == .awaiting }
      settled += 1
    }

    func count(_ query: String) throws -> Int { try #require(Int(try installation.sql(query))) }
    #expect(try count("SELECT count(*) FROM jobs") == all, comment)
    #expect(try count("SELECT count(*) FROM jobs WHERE state = 'completed' AND attempt = 1") == all, comment)
    #expect(try count("SELECT count(*) FROM jobs WHERE parent_id IS NOT NULL") == all - Self.families, comment)
    #expect(try count("SELECT count(*) FROM job_dependencies WHERE is_child") == all - Self.families, comment)
    #expect(
      try count("SELECT count(*) FROM (SELECT 1 FROM job_dependencies GROUP BY job_id HAVING count(*) = 3)")
        == Self.families * 4, comment)
    #expect(
      try count("SELECT count(DISTINCT job_id) FROM job_events WHERE kind = 'awaiting'") == Self.families * 4, comment)
    #expect(try count("SELECT count(*) FROM job_events WHERE kind = 'completed'") == all, comment)
    // Nobody completed before what it had asked for.
    #expect(
      try count(
        """
        SELECT count(*) FROM job_dependencies AS link
          JOIN job_events AS parent ON parent.job_id = link.job_id AND parent.kind = 'completed'
          JOIN job_events AS child ON child.job_id = link.depends_on AND child.kind = 'completed'
        WHERE parent.id < child.id
        """) == 0, comment)
    // Every claim ended in a completion, a wait or a rescue.
    #expect(
      try count("SELECT sum(fence) FROM jobs")
        == count("SELECT count(*) FROM job_events WHERE kind IN ('completed', 'awaiting', 'rescued')"), comment)
    #expect(try count("SELECT count(*) FROM job_events WHERE kind = 'rescued'") > 0, comment)
  }

  @Test("Cancelling a parent ends the tools of its children, however deep")
  func cancels() async throws {
    let installation = try Installation()
    try installation.startWorker()
    let parent = try installation.insert(
      "ping", try JSONValue(parsing: #"{"ask_for":1,"ask_depth":2,"sleep_seconds":3600,"tool":true}"#))
    try await installation.waitForEvent(of: parent + 2, .toolStarted)
    let runID = installation.runID(parent + 2, fence: 1)
    #expect(!Processes.ofRun(runID).isEmpty)
    try installation.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(parent)")
    #expect(try await installation.waitForEnd(of: parent + 2).state == .cancelled)
    #expect(Processes.ofRun(runID).isEmpty)
    #expect(try await installation.job(parent).state == .cancelled)
    #expect(try await installation.job(parent + 1).state == .cancelled)
  }

  @Test("A child whose tool fails takes its parent along, and one retry mends both")
  func mends() async throws {
    let installation = try Installation()
    try installation.startWorker()
    let parent = try installation.insert(
      "ping", try JSONValue(parsing: #"{"ask_for":1,"exit_status":65}"#))
    let failed = try await installation.waitForEnd(of: parent)
    #expect(failed.error?.failureClass == .dependencyFailed)
    #expect(failed.error?.message.hasPrefix("Job \(parent + 1) (ping), which this one asked for, failed: ") == true)
    try installation.sql("UPDATE jobs SET parameters = '{\"ask_for\":1}' WHERE id = \(parent)")
    try installation.sql("UPDATE jobs SET parameters = '{}' WHERE parent_id = \(parent)")
    let retry = try Command.run(
      Products.program("stepworks"), ["retry", "\(parent)", "--database", installation.database])
    #expect(retry.status == 0, "\(retry.errors)")
    try await installation.waitForEvent(of: parent, .completed)
    #expect(try await installation.job(parent).state == .completed)
  }
}
