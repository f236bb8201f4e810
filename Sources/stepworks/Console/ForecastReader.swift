import Jobs
import Queueing

/// Forecasts for who looks again and again: how long runs took is read anew only every ten seconds.
struct ForecastReader {
  private let queue: JobQueue
  private var history: (value: RunHistory, at: ContinuousClock.Instant)?

  private static let historyAge = Duration.seconds(10)

  init(_ queue: JobQueue) { self.queue = queue }

  mutating func forecast(for jobs: [Job]) async throws -> Forecast {
    if let history, ContinuousClock.now - history.at < Self.historyAge {
      return try await queue.forecast(for: jobs, history: history.value)
    }
    let value = try await queue.runHistory()
    history = (value, .now)
    return try await queue.forecast(for: jobs, history: value)
  }
}

extension Forecast {
  /// `40s left`, `3m left`; `nil` when it is not known, or no whole second.
  func remaining(of job: Job) -> String? {
    guard let eta = eta(of: job.id), eta >= .seconds(1) else { return nil }
    return "\(HumanTime.age(eta)) left"
  }
}
