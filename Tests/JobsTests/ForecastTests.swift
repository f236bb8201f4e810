import Testing

@testable import Jobs

struct ForecastTests {
  private static let history = RunHistory([
    LatencyKey("mesh", .run, .done): LatencyDistribution(Array(repeating: .seconds(10), count: 20)),
    LatencyKey("film", .run, .awaiting): LatencyDistribution([.seconds(1), .seconds(1)]),
    LatencyKey("film", .run, .done): LatencyDistribution([.seconds(60)]),
    // What somebody stopped says nothing of how long it would have taken.
    LatencyKey("mesh", .run, .cancelled): LatencyDistribution([.seconds(1000)]),
    LatencyKey("mesh", .total, .done): LatencyDistribution([.seconds(5000)]),
  ])

  private func running(_ seconds: Int, _ progress: Double? = nil, _ step: StepName = "mesh") -> Forecast.Running {
    Forecast.Running(step: step, elapsed: .seconds(seconds), progress: progress)
  }

  private func forecast(_ queue: Forecast.Queue, ahead: [StepName: Int] = [:], step: StepName = "mesh") -> Forecast {
    Forecast(
      history: Self.history, queues: ["cad": queue],
      places: [7: .init(step: step, queue: "cad", standing: .available, ahead: ahead)])
  }

  private func near(_ duration: Duration?, _ seconds: Double) -> Bool {
    duration.map { abs($0.seconds - seconds) <= 0.01 * seconds + 0.001 } ?? false
  }

  @Test func `A run without progress takes what such runs took beyond its time`() {
    let forecast = Forecast(history: Self.history)
    #expect(near(forecast.eta(of: running(4)), 6))
    // Longer than any before: nobody knows.
    #expect(forecast.eta(of: running(11)) == nil)
  }

  @Test func `Progress counts the more the further it is`() {
    let forecast = Forecast(history: Self.history)
    #expect(near(forecast.eta(of: running(5, 0.5)), 5))
    // By its progress 45 s, by the history 5 s.
    #expect(near(forecast.eta(of: running(5, 0.1)), 0.1 * 45 + 0.9 * 5))
    #expect(near(forecast.eta(of: running(5, 1)), 0))
  }

  @Test func `Without a history progress has to have come some way`() {
    let forecast = Forecast(history: RunHistory())
    #expect(near(forecast.eta(of: running(30, 0.25)), 90))
    #expect(forecast.eta(of: running(30, 0.04)) == nil)
    #expect(forecast.eta(of: running(1, 0.5)) == nil)
    #expect(forecast.eta(of: running(30)) == nil)
  }

  @Test func `A waiting job takes its turn after those before it`() {
    // Two slots, one of them taken for 6 s more; five jobs before it: 6, 10, 16, 20, 26 → the sixth starts at 20.
    let forecast = forecast(
      .init(slots: 2, running: [running(4)], waiting: ["mesh": 6]), ahead: ["mesh": 5])
    #expect(near(forecast.eta(of: 7), 36))
  }

  @Test func `With a free slot it takes no more than its own time`() {
    #expect(near(forecast(.init(slots: 2, running: [running(4)], waiting: ["mesh": 1])).eta(of: 7), 10))
  }

  @Test func `A job that runs several times occupies its slot for all of them`() {
    #expect(near(forecast(.init(slots: 1, waiting: ["film": 1]), step: "film").eta(of: 7), 62))
  }

  @Test func `A queue is empty when its last slot is`() {
    #expect(
      near(forecast(.init(slots: 2, running: [running(4)], waiting: ["mesh": 3])).eta(of: "cad" as QueueName), 20))
    #expect(near(forecast(.init(slots: 4, waiting: ["mesh": 1])).eta(of: "cad" as QueueName), 10))
    #expect(forecast(.init(slots: 0)).eta(of: "cad" as QueueName) == .zero)
  }

  @Test func `A long queue is told as well as a short one`() {
    let count = Forecast.placedOneByOne
    let one = forecast(.init(slots: 7, waiting: ["mesh": count])).eta(of: "cad" as QueueName)
    let more = forecast(.init(slots: 7, waiting: ["mesh": count + 1])).eta(of: "cad" as QueueName)
    #expect(abs(one!.seconds - more!.seconds) < 10)
    #expect(near(more, 10 * Double(count + 1) / 7))
  }

  @Test func `More may run than there are slots`() {
    let queue = Forecast.Queue(slots: 1, running: [running(2), running(4), running(6)], waiting: ["mesh": 1])
    #expect(near(forecast(queue).eta(of: 7), 18))
  }

  @Test func `Nothing is told of a queue that is paused, not served or limited otherwise`() {
    #expect(forecast(.init(slots: 0, waiting: ["mesh": 1])).eta(of: 7) == nil)
    #expect(forecast(.init(slots: 3, isThrottled: true, waiting: ["mesh": 1])).eta(of: 7) == nil)
    #expect(forecast(.init(slots: 0, running: [running(4)], waiting: ["mesh": 1])).eta(of: 7) == nil)
    #expect(near(forecast(.init(slots: 0, running: [running(4)])).eta(of: "cad" as QueueName), 6))
    #expect(forecast(.init(slots: 3, isThrottled: true, waiting: ["mesh": 1]), ahead: ["mesh": 3]).eta(of: 7) == nil)
    #expect(forecast(.init(slots: 0, waiting: ["mesh": 1])).eta(of: "cad" as QueueName) == nil)
  }

  @Test func `What stands before it has to be known`() {
    #expect(forecast(.init(slots: 1, waiting: ["new": 1, "mesh": 1]), ahead: ["new": 1]).eta(of: 7) == nil)
    #expect(forecast(.init(slots: 1, running: [running(3, nil, "new")])).eta(of: 7) == nil)
    #expect(forecast(.init(slots: 1), step: "new").eta(of: 7) == nil)
    #expect(forecast(.init(slots: 1)).eta(of: 8) == nil)
  }

  @Test func `A scheduled job takes its own time after its time has come`() {
    let forecast = Forecast(
      history: Self.history, queues: ["cad": .init(slots: 1)],
      places: [7: .init(step: "mesh", queue: "cad", standing: .scheduled(after: .seconds(100)))])
    #expect(near(forecast.eta(of: 7), 110))
  }

  @Test func `A scheduled or blocked job needs a slot too when it may start`() {
    func eta(_ standing: Forecast.Place.Standing) -> Duration? {
      Forecast(
        history: Self.history, queues: ["cad": .init(slots: 1, running: [running(4)], waiting: ["mesh": 2])],
        places: [
          7: .init(step: "mesh", queue: "cad", standing: standing, ahead: ["mesh": 2]),
          8: .init(step: "mesh", queue: "cad", standing: .running(running(4))),
        ]
      ).eta(of: 7)
    }
    #expect(near(eta(.scheduled(after: .seconds(3))), 36))
    #expect(near(eta(.blocked(by: [8])), 36))
  }

  @Test func `A queue is not empty before what is blocked in it is over`() {
    func eta(_ standing: Forecast.Place.Standing) -> Duration? {
      Forecast(
        history: Self.history, queues: ["cad": .init(slots: 1, blocked: ["mesh": 3], lastBlocked: 7)],
        places: [
          7: .init(step: "mesh", queue: "cad", standing: standing, ahead: ["mesh": 2]),
          8: .init(step: "film", queue: "cad", standing: .running(running(2, nil, "film"))),
        ]
      ).eta(of: "cad" as QueueName)
    }
    #expect(near(eta(.blocked(by: [8])), 68))
    #expect(eta(.blocked(by: [9])) == nil)
  }

  @Test func `A run that takes longer than any before keeps its slot, and others are counted on`() {
    let queue = Forecast.Queue(slots: 2, running: [running(11), running(4)], waiting: ["mesh": 2])
    #expect(near(forecast(queue, ahead: ["mesh": 1]).eta(of: 7), 26))
    #expect(forecast(queue).eta(of: "cad" as QueueName) == nil)
    #expect(forecast(.init(slots: 1, running: [running(11)])).eta(of: 7) == nil)
  }

  @Test func `What no worker can run keeps nothing else waiting, and is never over`() {
    let queue = Forecast.Queue(slots: 1, waiting: ["film": 5, "mesh": 1], served: ["mesh"])
    #expect(near(forecast(queue, ahead: ["film": 5]).eta(of: 7), 10))
    #expect(forecast(queue, step: "film").eta(of: 7) == nil)
    #expect(forecast(queue).eta(of: "cad" as QueueName) == nil)
  }

  @Test func `A blocked job takes its own time after the last of those it waits for`() {
    func place(_ standing: Forecast.Place.Standing) -> Forecast.Place {
      .init(step: "mesh", queue: "cad", standing: standing)
    }
    let forecast = Forecast(
      history: Self.history, queues: ["cad": .init(slots: 1)],
      places: [
        1: place(.blocked(by: [2, 3])), 2: place(.running(running(4))), 3: place(.blocked(by: [4])),
        4: place(.running(running(2))), 5: place(.blocked(by: [5])), 6: place(.blocked(by: [2, 99])),
      ])
    #expect(near(forecast.eta(of: 1), 28))
    #expect(forecast.eta(of: 5) == nil)
    #expect(forecast.eta(of: 6) == nil)
  }

  /// 12⁸ ways lead through it.
  @Test(.timeLimit(.minutes(1)))
  func `Layers of jobs that all wait for all of the layer before are told`() {
    var places: [JobID: Forecast.Place] = [:]
    for layer in 0..<8 {
      for one in 1...12 {
        let before = (1...12).map { JobID(layer * 100 - 100 + $0) }
        places[JobID(layer * 100 + one)] = .init(
          step: "mesh", queue: "cad", standing: layer == 0 ? .running(running(4)) : .blocked(by: before))
      }
    }
    let forecast = Forecast(history: Self.history, queues: ["cad": .init(slots: 12)], places: places)
    #expect(near(forecast.eta(of: 701), 76))
  }

  @Test func `Numbers that nobody measured do not end the process`() {
    let absurd = LatencyDistribution(
      bins: [.init(index: 0, count: 1), .init(index: 30_000, count: .max - 1)], sum: .max >> 1, maximum: .max >> 1)
    let history = RunHistory([
      LatencyKey("mesh", .run, .done): absurd, LatencyKey("mesh", .run, .failed): absurd,
      LatencyKey("film", .run, .done): LatencyDistribution(
        bins: [.init(index: 0, count: 1)], sum: .max >> 1, maximum: .max >> 1),
    ])
    let queue = Forecast.Queue(slots: 1, running: [running(4)], waiting: ["mesh": 1_000_000, "film": 1_000_000])
    #expect(Forecast(history: history, queues: ["cad": queue]).eta(of: "cad" as QueueName) != nil)
  }

  @Test func `What happened lately counts alone, and the past where nothing did`() {
    let past = RunHistory([
      LatencyKey("mesh", .run, .done): LatencyDistribution([.seconds(99)]),
      LatencyKey("film", .run, .done): LatencyDistribution([.seconds(30)]),
    ])
    let recent = RunHistory([LatencyKey("mesh", .run, .done): LatencyDistribution([.seconds(10)])])
    #expect(near(recent.completed(by: past).work(of: "mesh"), 10))
    #expect(near(recent.completed(by: past).work(of: "film"), 30))
  }
}
