import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct LatencyTests {
  private static let run = LatencyKey("work", "run", .done)

  private func record(_ fixture: QueueFixture, _ seconds: [Double], as key: LatencyKey = run) async throws {
    try await fixture.queue.recordLatencies([key: LatencyDistribution(seconds.map { .seconds($0) })])
  }

  private func report(_ fixture: QueueFixture, last: Duration) async throws -> LatencyReport {
    let now = fixture.clock.wall.now()
    return try await fixture.queue.latencies(
      LatencyFilter(since: now.advanced(by: .zero - last), until: now.advanced(by: .milliseconds(1))))
  }

  @Test func `What workers measured in a minute is one row`() async throws {
    let fixture = try await QueueFixture()
    let other = try fixture.secondQueue()
    try await record(fixture, [1, 2])
    try await other.recordLatencies([Self.run: LatencyDistribution([.seconds(3)])])
    #expect(
      try fixture.sql("SELECT seconds, step, phase, outcome, count, sum_us, max_us FROM latency_histograms;")
        == ["60|work|run|done|3|6000000|3000000"])
    let told = try await report(fixture, last: .seconds(60)).distributions[Self.run]
    #expect(told == LatencyDistribution([.seconds(1), .seconds(2), .seconds(3)]))
  }

  @Test func `Nothing measured is nothing written`() async throws {
    let fixture = try await QueueFixture()
    let size = try FileManager.default.attributesOfItem(atPath: fixture.queue.path + "-wal")[.size] as? Int
    try await fixture.queue.recordLatencies([:])
    try await fixture.queue.recordLatencies([Self.run: LatencyDistribution()])
    #expect(try FileManager.default.attributesOfItem(atPath: fixture.queue.path + "-wal")[.size] as? Int == size)
  }

  @Test func `A window tells of whole rows, and which time they cover`() async throws {
    let fixture = try await QueueFixture()
    let minute = LatencyResolution.minute.duration
    // Into the middle of a minute.
    let begin = fixture.clock.wall.now()
    fixture.clock.advance(by: .milliseconds(90_000 - begin.milliseconds % 60_000))
    for seconds in 1...5 {
      try await record(fixture, [Double(seconds)])
      fixture.clock.advance(by: minute)
    }
    let report = try await report(fixture, last: .seconds(180))
    #expect(report.distributions[Self.run] == LatencyDistribution([.seconds(3), .seconds(4), .seconds(5)]))
    #expect(report.since.milliseconds % 60_000 == 0)
    #expect(report.since.duration(to: fixture.clock.wall.now()) == .seconds(3 * 60 + 30))
  }

  @Test func `Only what is asked for is told`() async throws {
    let fixture = try await QueueFixture()
    for step in ["work", "render"] as [StepName] {
      for outcome in [RunOutcome.done, .failed] {
        try await record(fixture, [1], as: LatencyKey(step, "run", outcome))
        try await record(fixture, [1], as: LatencyKey(step, "mesh", outcome))
      }
    }
    let now = fixture.clock.wall.now()
    let window = (since: now.advanced(by: .seconds(-60)), until: now.advanced(by: .seconds(60)))
    func keys(steps: Set<StepName> = [], phases: Set<PhaseName> = [], outcomes: Set<RunOutcome> = []) async throws
      -> Set<LatencyKey>
    {
      Set(
        try await fixture.queue.latencies(
          LatencyFilter(
            steps: steps, phases: phases, outcomes: outcomes, since: window.since, until: window.until)
        ).distributions.keys)
    }
    #expect(try await keys().count == 8)
    #expect(try await keys(steps: ["render"], phases: ["mesh"]).count == 2)
    #expect(
      try await keys(steps: ["work"], phases: ["run"], outcomes: [.failed]) == [LatencyKey("work", "run", .failed)])
  }

  @Test func `Minutes become hours, hours days, and no count is lost on the way`() async throws {
    let fixture = try await QueueFixture()
    var all = LatencyDistribution()
    for step in 0..<300 {
      let seconds = [Double(step) / 7, Double(step % 11)]
      try await record(fixture, seconds)
      all.add(LatencyDistribution(seconds.map { .seconds($0) }))
      fixture.clock.advance(by: .seconds(601))
    }
    #expect(try fixture.sql("SELECT DISTINCT seconds FROM latency_histograms;") == ["60"])
    #expect(try await report(fixture, last: .seconds(4 * 86400)).distributions[Self.run] == all)

    fixture.clock.advance(by: .seconds(86400))
    try await fixture.queue.compactLatencies()
    let resolutions = "SELECT DISTINCT seconds FROM latency_histograms ORDER BY seconds;"
    #expect(try fixture.sql(resolutions) == ["60", "3600"])
    #expect(try await report(fixture, last: .seconds(8 * 86400)).distributions[Self.run] == all)

    fixture.clock.advance(by: .seconds(33 * 86400))
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql(resolutions) == ["86400"])
    #expect(try fixture.sql("SELECT sum(count), max(max_us) FROM latency_histograms;") == ["600|42714285"])
    #expect(try await report(fixture, last: .seconds(60 * 86400)).distributions[Self.run] == all)

    fixture.clock.advance(by: .seconds(400 * 86400))
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql("SELECT count(*) FROM latency_histograms;") == ["0"])
  }

  @Test func `What is young enough stays as it is`() async throws {
    let fixture = try await QueueFixture()
    try await record(fixture, [1])
    fixture.clock.advance(by: .seconds(86400))
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql("SELECT seconds, count FROM latency_histograms;") == ["60|1"])
  }

  @Test func `Two workers that make hours at once count nothing twice`() async throws {
    let fixture = try await QueueFixture()
    for _ in 0..<50 {
      try await record(fixture, [1, 2])
      fixture.clock.advance(by: .seconds(300))
    }
    fixture.clock.advance(by: .seconds(3 * 86400))
    let other = try fixture.secondQueue()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for queue in [fixture.queue, other, fixture.queue, other] {
        group.addTask { try await queue.compactLatencies() }
      }
      try await group.waitForAll()
    }
    #expect(try fixture.sql("SELECT sum(count), min(seconds) FROM latency_histograms;") == ["100|3600"])
  }

  @Test(arguments: ["histogram = zeroblob(60)", "sum_us = -1", "max_us = -1"])
  func `A damaged histogram is named, and what is measured is not thrown away for it`(_ damage: String) async throws {
    let fixture = try await QueueFixture()
    try await record(fixture, [1])
    try fixture.sql("PRAGMA ignore_check_constraints = 1; UPDATE latency_histograms SET \(damage);")
    let error = await #expect(throws: QueueError.self) { try await record(fixture, [2]) }
    #expect(
      error?.description
        == "\(fixture.queue.path) cannot be used: a histogram of step work, phase run in latency_histograms is damaged; delete that row."
    )
    try fixture.sql("DELETE FROM latency_histograms;")
    try await record(fixture, [2])
    #expect(try fixture.sql("SELECT count FROM latency_histograms;") == ["1"])
  }

  @Test func `A damaged histogram, or one of a later version, stays and keeps nothing else from being made into hours`()
    async throws
  {
    let fixture = try await QueueFixture()
    let begin = fixture.clock.wall.now().milliseconds
    fixture.clock.advance(by: .milliseconds(3_600_000 - begin % 3_600_000))
    try await record(fixture, [1])
    try fixture.sql("UPDATE latency_histograms SET histogram = zeroblob(60);")
    fixture.clock.advance(by: .seconds(60))
    try await record(fixture, [2])
    try await record(fixture, [9], as: LatencyKey("work", "run", .failed))
    try fixture.sql(
      "PRAGMA ignore_check_constraints = 1; UPDATE latency_histograms SET outcome = 'later' WHERE outcome = 'failed';")
    fixture.clock.advance(by: .seconds(3600))
    try await record(fixture, [3])

    fixture.clock.advance(by: .seconds(3 * 86400))
    try await fixture.queue.compactLatencies()
    let rows = "SELECT seconds, outcome, sum_us FROM latency_histograms ORDER BY seconds, starts_at, outcome;"
    #expect(
      try fixture.sql(rows)
        == ["60|done|1000000", "60|later|9000000", "3600|done|2000000", "3600|done|3000000"])

    fixture.clock.advance(by: .seconds(500 * 86400))
    try await fixture.queue.compactLatencies()
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql(rows) == ["60|done|1000000", "60|later|9000000"])
  }

  @Test func `Where the hour's own histogram is damaged its minutes stay`() async throws {
    let fixture = try await QueueFixture()
    try await record(fixture, [1])
    fixture.clock.advance(by: .seconds(3 * 86400))
    try await fixture.queue.compactLatencies()
    try fixture.sql(
      """
      INSERT INTO latency_histograms SELECT * FROM (SELECT 60 AS seconds, starts_at, step, phase, outcome, count, sum_us,
        max_us, histogram FROM latency_histograms);
      UPDATE latency_histograms SET histogram = zeroblob(60) WHERE seconds = 3600;
      """)
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql("SELECT seconds FROM latency_histograms ORDER BY 1;") == ["60", "3600"])
    try fixture.sql("DELETE FROM latency_histograms WHERE seconds = 3600;")
    try await fixture.queue.compactLatencies()
    #expect(try fixture.sql("SELECT seconds, sum_us FROM latency_histograms;") == ["3600|1000000"])
  }

  @Test(arguments: [
    ("61, 60000, 'work', 'run', 'done', 1, 5, 5", "seconds"),
    ("60, 61000, 'work', 'run', 'done', 1, 5, 5", "starts_at"),
    ("60, 60000, 'work', '', 'done', 1, 5, 5", "phase"), ("60, 60000, 'work', 'run', 'lost', 1, 5, 5", "outcome"),
    ("60, 60000, 'work', 'run', 'done', 0, 5, 5", "count"), ("60, 60000, 'work', 'run', 'done', 1, 5, 6", "max_us"),
  ])
  func `A row that makes no sense is refused`(values: String, column: String) async throws {
    let fixture = try await QueueFixture()
    let refusal = try fixture.refusal(of: "INSERT INTO latency_histograms VALUES (\(values), zeroblob(41));")
    #expect(refusal.contains(column))
  }

  /// The outcomes stand in the schema and in the code.
  @Test(arguments: RunOutcome.allCases)
  func `Every outcome can be stored`(outcome: RunOutcome) async throws {
    let fixture = try await QueueFixture()
    try await record(fixture, [1], as: LatencyKey("work", "run", outcome))
    #expect(try fixture.sql("SELECT outcome FROM latency_histograms;") == [outcome.rawValue])
  }
}
