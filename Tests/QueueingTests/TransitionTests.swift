import Jobs
import Queueing
import TestSupport
import Testing

/// What the schema itself refuses, whoever asks.
@Suite struct TransitionTests {
  /// The SQL that puts job 1 into a state, given a registered worker 1.
  private static func assignments(for state: JobState) -> String {
    switch state {
    case .blocked, .available: "state = '\(state.rawValue)', worker_id = NULL, outcome = NULL, finished_at = NULL"
    case .scheduled: "state = 'scheduled', run_at = 1, worker_id = NULL, outcome = NULL, finished_at = NULL"
    case .running: "state = 'running', worker_id = 1, started_at = 1, outcome = NULL, finished_at = NULL"
    case .completed: "state = 'completed', outcome = 'done', finished_at = 1, worker_id = NULL"
    case .failed, .cancelled: "state = '\(state.rawValue)', outcome = NULL, finished_at = 1, worker_id = NULL"
    }
  }

  private static let allowed: [JobState: Set<JobState>] = [
    .blocked: [.scheduled, .available, .failed, .cancelled],
    .scheduled: [.blocked, .available, .cancelled],
    .available: [.blocked, .scheduled, .running, .cancelled],
    .running: [.blocked, .scheduled, .available, .completed, .failed, .cancelled],
    .completed: [],
    .failed: [.blocked, .scheduled, .available],
    .cancelled: [.blocked, .scheduled, .available],
  ]

  /// A way from `available` to each state.
  private static func way(to state: JobState) -> [JobState] {
    switch state {
    case .available: []
    case .completed, .failed: [.running, state]
    default: [state]
    }
  }

  @Test(arguments: ["queue", "max_attempts", "max_crashes"])
  func `What a worker needs of a job can't be taken away`(_ column: String) async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue()
    #expect(try fixture.refusal(of: "UPDATE jobs SET \(column) = NULL WHERE id = 1").contains("cannot be NULL"))
  }

  @Test func `A job that is moved to a new queue finds its limits there`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue()
    try fixture.sql("UPDATE jobs SET queue = 'night' WHERE id = 1;")
    #expect(try fixture.sql("SELECT max_concurrency FROM worker_configs WHERE queue_name = 'night';") == ["1"])
    #expect(try fixture.refusal(of: "DELETE FROM worker_configs WHERE queue_name = 'night'").contains("pause it"))
  }

  @Test(arguments: JobState.allCases)
  func `Only the transitions of the drawing are possible`(_ from: JobState) async throws {
    for to in JobState.allCases where to != from {
      let fixture = try await QueueFixture()
      _ = try await fixture.worker()
      try await fixture.enqueue()
      for state in Self.way(to: from) { try fixture.sql("UPDATE jobs SET \(Self.assignments(for: state));") }
      let result = try fixture.shell("UPDATE jobs SET \(Self.assignments(for: to));")
      let isAllowed = Self.allowed[from]!.contains(to)
      #expect((result.status == 0) == isAllowed, "\(from) → \(to): \(result.errors)")
      if !isAllowed { #expect(result.errors.contains("no job goes from that state to this one")) }
      #expect(try await fixture.state(1) == (isAllowed ? to : from))
    }
  }

  @Test(arguments: [
    ("UPDATE jobs SET state = 'running';", "CHECK constraint failed"),
    ("UPDATE jobs SET worker_id = 1;", "CHECK constraint failed"),
    ("UPDATE jobs SET outcome = 'done';", "CHECK constraint failed"),
    ("UPDATE jobs SET finished_at = 1;", "CHECK constraint failed"),
    ("UPDATE jobs SET state = 'scheduled';", "CHECK constraint failed"),
    ("UPDATE jobs SET state = 'lost';", "no job goes from that state"),
    ("UPDATE jobs SET fence = -1;", "a fence only grows"),
    ("UPDATE jobs SET fence = 3; UPDATE jobs SET fence = 2;", "a fence only grows"),
    ("UPDATE jobs SET tenant = NULL;", "NOT NULL constraint failed"),
    ("UPDATE job_events SET kind = 'failed';", "job_events is append-only"),
    ("DELETE FROM jobs;", "only a finished job can be deleted"),
    ("DELETE FROM tenants;", "the default one, cannot be deleted"),
  ])
  func `A half-valid row is refused`(_ sql: String, _ complaint: String) async throws {
    let fixture = try await QueueFixture()
    _ = try await fixture.worker()
    try await fixture.enqueue()
    let refusal = try fixture.refusal(of: sql)
    #expect(refusal.contains(complaint), "\(refusal)")
  }
}
