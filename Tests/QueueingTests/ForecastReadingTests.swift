import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct ForecastReadingTests {
  private func fixture(_ limits: [QueueName: Int]) async throws -> QueueFixture {
    let fixture = try await QueueFixture(limits: limits)
    try await fixture.queue.recordLatencies([
      LatencyKey("work", .run, .done): LatencyDistribution(Array(repeating: .seconds(10), count: 5)),
      LatencyKey("render", .run, .done): LatencyDistribution([.seconds(60)]),
    ])
    return fixture
  }

  private func seconds(_ duration: Duration?) -> Double? { duration.map { ($0.seconds).rounded() } }

  @Test func `Jobs wait for those before them in the order in which they are claimed`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    let worker = try await fixture.worker()
    let first = try await fixture.enqueue()
    let second = try await fixture.enqueue()
    let urgent = try await fixture.enqueue(priority: 5)
    let claimed = try await fixture.claimOne(worker)
    #expect(claimed.job.id == urgent)
    fixture.clock.advance(by: .seconds(4))
    let forecast = try await fixture.queue.forecast(
      for: [fixture.job(first), fixture.job(second), fixture.job(urgent)])
    #expect(seconds(forecast.eta(of: urgent)) == 6)
    #expect(seconds(forecast.eta(of: first)) == 16)
    #expect(seconds(forecast.eta(of: second)) == 26)
    #expect(seconds(forecast.eta(of: "cad" as QueueName)) == 26)
    #expect(forecast.eta(of: "render" as QueueName) == .zero)
    await fixture.release([claimed])
  }

  @Test func `A blocked job is told by what it waits for, and a scheduled one by its time`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    let worker = try await fixture.worker()
    let parent = try await fixture.enqueue()
    let child = try await fixture.enqueue(
      "render", .object(["source": .string("a.step")]), dependsOn: [parent])
    let later = try await fixture.enqueue(runAt: fixture.clock.now.advanced(by: .seconds(100)))
    let forecast = try await fixture.queue.forecast(for: [fixture.job(child), fixture.job(later)])
    #expect(seconds(forecast.eta(of: child)) == 70)
    #expect(seconds(forecast.eta(of: later)) == 110)
    #expect(worker.id > 0)
  }

  @Test func `Nothing is told where no worker serves the queue`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    let job = try await fixture.enqueue()
    #expect(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job) == nil)
    let worker = try await fixture.worker()
    #expect(seconds(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job)) == 10)
    fixture.clock.advance(by: .seconds(120))
    #expect(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job) == nil)
    _ = try await fixture.queue.heartbeat(worker.id)
    #expect(seconds(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job)) == 10)
  }

  @Test func `Nothing is told of a job that no worker can run, and it keeps no other waiting`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    let worker = try await fixture.worker(["work"])
    let odd = try await fixture.enqueue("free")
    let job = try await fixture.enqueue()
    let forecast = try await fixture.queue.forecast(for: [fixture.job(odd), fixture.job(job)])
    #expect(forecast.eta(of: odd) == nil)
    #expect(seconds(forecast.eta(of: job)) == 10)
    #expect(forecast.eta(of: "cad" as QueueName) == nil)
    #expect(worker.id > 0)
  }

  @Test func `A line of jobs however long is told, and the queue of the last of them`() async throws {
    let fixture = try await fixture(["cad": 5, "render": 1])
    let worker = try await fixture.worker()
    var last = try await fixture.enqueue()
    for _ in 0..<30 { last = try await fixture.enqueue(dependsOn: [last]) }
    let forecast = try await fixture.queue.forecast(for: [fixture.job(last)])
    #expect(seconds(forecast.eta(of: last)) == 310)
    #expect(seconds(forecast.eta(of: "cad" as QueueName)) == 310)
    #expect(worker.id > 0)
  }

  @Test func `A pause takes the forecast away, its end brings it back`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    let worker = try await fixture.worker()
    let job = try await fixture.enqueue()
    try await fixture.queue.configure("cad", paused: true)
    #expect(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job) == nil)
    try await fixture.queue.configure("cad", paused: false)
    #expect(seconds(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job)) == 10)
    #expect(worker.id > 0)
  }

  @Test func `A damaged histogram takes no forecast but its own away`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    try fixture.sql("UPDATE latency_histograms SET histogram = zeroblob(60) WHERE step = 'render';")
    let worker = try await fixture.worker()
    let job = try await fixture.enqueue()
    #expect(seconds(try await fixture.queue.forecast(for: [fixture.job(job)]).eta(of: job)) == 10)
    let history = try await fixture.queue.runHistory()
    #expect(history.work(of: "render") == nil)
    #expect(worker.id > 0)
  }

  @Test func `The last hours say how long a step takes, and the last month where they are silent`() async throws {
    let fixture = try await fixture(["cad": 1, "render": 1])
    fixture.clock.advance(by: .seconds(86400))
    try await fixture.queue.recordLatencies([
      LatencyKey("work", .run, .done): LatencyDistribution([.seconds(20)])
    ])
    let history = try await fixture.queue.runHistory()
    #expect(seconds(history.work(of: "work")) == 20)
    #expect(seconds(history.work(of: "render")) == 60)
    #expect(history.work(of: "free") == nil)
  }
}
