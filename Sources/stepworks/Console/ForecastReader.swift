import Jobs
import Queueing

/// Forecasts for who looks again and again: how long runs took is read anew only every ten seconds, and a forecast that
/// took long is shown for longer.
struct ForecastReader {
  private let queue: JobQueue
  private var history: (value: RunHistory, at: ContinuousClock.Instant)?

  private var last: (value: Forecast, until: ContinuousClock.Instant)?
  private let rest: Int

  private static let historyAge = Duration.seconds(10)

  /// - Parameter rest: for so many times as long as a forecast took it is given out again.
  init(_ queue: JobQueue, rest: Int = 0) {
    self.queue = queue
    self.rest = rest
  }

  mutating func forecast(for jobs: [Job]) async throws -> Forecast {
    if let last, ContinuousClock.now < last.until { return last.value }
    let began = ContinuousClock.now
    let value = try await read(for: jobs)
    last = (value, .now + (ContinuousClock.now - began) * rest)
    return value
  }

  private mutating func read(for jobs: [Job]) async throws -> Forecast {
    if let history, ContinuousClock.now - history.at < Self.historyAge {
      return try await queue.forecast(for: jobs, history: history.value)
    }
    let value = try await queue.runHistory()
    history = (value, .now)
    return try await queue.forecast(for: jobs, history: value)
  }
}

extension Forecast {
  /// `40s left`, `3m 20s left`; `nil` when it is not known, or no whole second.
  func remaining(of job: Job) -> String? {
    guard !job.state.isFinal, let eta = eta(of: job.id), eta >= .seconds(1) else { return nil }
    return "\(HumanTime.span(eta)) left"
  }
}
