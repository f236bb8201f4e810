import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// What was said of jobs while they waited and ran, beside what became of them: runs are played on a clock that the test
/// moves, so hours of them take a moment and each play is the same.
@Suite struct ForecastAccuracyTests {
  @Test func `Jobs that wait for one of two slots`() async throws {
    let play = try await Play(limits: ["cad": 2, "render": 1])
    for number in 0..<40 { try await play.fixture.enqueue(number % 4 == 0 ? "free" : "work") }
    try await play.expectGoodForecasts()
  }

  @Test func `Jobs of a slow queue that each wait for one of a quick queue`() async throws {
    let play = try await Play(limits: ["cad": 1, "render": 2])
    for number in 0..<25 {
      let mesh = try await play.fixture.enqueue()
      try await play.fixture.enqueue("render", .object(["source": .string("\(number).step")]), dependsOn: [mesh])
    }
    try await play.expectGoodForecasts()
  }

  @Test func `Jobs of a quick queue that each wait for one of a slow queue`() async throws {
    let play = try await Play(limits: ["cad": 1, "render": 2])
    for number in 0..<25 {
      let picture = try await play.fixture.enqueue("render", .object(["source": .string("\(number).step")]))
      try await play.fixture.enqueue("free", dependsOn: [picture])
    }
    try await play.expectGoodForecasts()
  }

  @Test func `Films that each wait for many frames of their own queue`() async throws {
    let play = try await Play(limits: ["cad": 1, "render": 2])
    for film in 0..<4 {
      var frames: [JobID] = []
      for frame in 0..<8 {
        frames.append(
          try await play.fixture.enqueue("render", .object(["source": .string("\(film)-\(frame).step")])))
      }
      try await play.fixture.enqueue("render", .object(["source": .string("\(film).step")]), dependsOn: frames)
    }
    try await play.expectGoodForecasts()
  }

  @Test func `Jobs whose time comes while others wait`() async throws {
    let play = try await Play(limits: ["cad": 1, "render": 1])
    for _ in 0..<30 { try await play.fixture.enqueue() }
    for delay in [20, 60, 400] {
      try await play.fixture.enqueue(runAt: play.fixture.clock.now.advanced(by: .seconds(delay)))
    }
    try await play.expectGoodForecasts()
  }

  private final class Play {
    let fixture: QueueFixture
    private let history: RunHistory
    private let worker: QueueFixture.TestWorker
    private var durations: Durations

    init(limits: [QueueName: Int]) async throws {
      fixture = try await QueueFixture(limits: limits)
      worker = try await fixture.worker()
      var durations = Durations()
      var earlier: [LatencyKey: LatencyDistribution] = [:]
      for step in Durations.means.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
        earlier[LatencyKey(step, .run, .done)] = LatencyDistribution((0..<60).map { _ in durations.duration(of: step) })
      }
      history = RunHistory(earlier)
      self.durations = durations
    }

    private struct Said {
      let id: JobID
      let step: StepName
      let state: JobState
      let at: Timestamp
      let eta: Duration?
    }

    /// Plays until all jobs are over. Half of what was said has to be right within a third of the time that it took, or of
    /// the time that a run of the step takes, and nine of ten within less than two thirds.
    func expectGoodForecasts(_ location: SourceLocation = #_sourceLocation) async throws {
      var running: [(claimed: ClaimedJob, end: Timestamp)] = []
      var said: [Said] = []
      var ends: [JobID: Timestamp] = [:]
      var look = 0
      while true {
        _ = try await fixture.queue.promote()
        for claimed in try await fixture.queue.claim(worker.scope, limit: 100) {
          running.append((claimed, fixture.clock.now.advanced(by: durations.duration(of: claimed.job.step))))
        }
        let open = try await fixture.queue.jobs(JobFilter(limit: 1000)).filter { !$0.state.isFinal }
        if open.isEmpty { break }
        if look % 3 == 0 {
          _ = try await fixture.queue.heartbeat(worker.id)
          let forecast = try await fixture.queue.forecast(for: open, history: history)
          said += open.map {
            Said(id: $0.id, step: $0.step, state: $0.state, at: fixture.clock.now, eta: forecast.eta(of: $0.id))
          }
        }
        look += 1
        let due = open.filter { $0.state == .scheduled }.compactMap(\.runAt).min()
        let next = running.indices.min { running[$0].end < running[$1].end }
        if let due, next.map({ due < running[$0].end }) ?? true {
          fixture.clock.advance(by: fixture.clock.now.duration(to: due))
          continue
        }
        let (claimed, end) = running.remove(at: try #require(next))
        fixture.clock.advance(by: fixture.clock.now.duration(to: end))
        ends[claimed.job.id] = end
        await fixture.complete(claimed)
      }
      for (state, some) in Dictionary(grouping: said, by: \.state) {
        let errors = some.compactMap { one -> Double? in
          guard let eta = one.eta, let end = ends[one.id] else { return nil }
          let actual = one.at.duration(to: end).seconds
          return abs(eta.seconds - actual) / max(actual, Durations.means[one.step] ?? 1)
        }.sorted()
        // Of a run that takes longer than any before nothing is said, nor of what waits for it.
        try #require(errors.count * 20 >= some.count * 19, "\(state): \(errors.count) of \(some.count)")
        let (median, most) = (errors[errors.count / 2], errors[errors.count * 9 / 10])
        #expect(median < 0.35 && most < 0.6, "\(state): \(median), \(most)", sourceLocation: location)
      }
    }
  }
}

/// The same random durations each time.
private struct Durations {
  static let means: [StepName: Double] = ["work": 10, "render": 30, "free": 3]

  private var numbers = SplitMix(state: 7)

  /// Most within a factor of two of their mean.
  mutating func duration(of step: StepName) -> Duration {
    let (a, b) = (Double.random(in: 0.001...1, using: &numbers), Double.random(in: 0...1, using: &numbers))
    let normal = (-2 * log(a)).squareRoot() * cos(2 * .pi * b)
    return .milliseconds(Int64(1000 * (Self.means[step] ?? 1) * exp(0.4 * normal - 0.08)))
  }
}
