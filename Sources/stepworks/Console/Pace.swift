import Jobs

/// How fast jobs that wait for other jobs come along, from what was seen of them: those that run say it themselves.
struct Pace {
  private struct Start {
    var at: Timestamp
    var progress: Double
  }

  private var starts: [JobID: Start] = [:]

  /// The time a blocked job still needs if it goes on as it has, as `40s left`.
  /// - Returns: `nil` until a twentieth of the work and two seconds were seen.
  mutating func remaining(of job: Job, now: Timestamp) -> String? {
    guard job.state == .blocked, let progress = job.progress else {
      starts[job.id] = nil
      return nil
    }
    guard let start = starts[job.id], start.progress <= progress else {
      starts[job.id] = Start(at: now, progress: progress)
      return nil
    }
    let (done, took) = (progress - start.progress, start.at.duration(to: now))
    guard done >= 0.05, took >= .seconds(2), progress < 1 else { return nil }
    return "\(HumanTime.span(took * ((1 - progress) / done))) left"
  }
}
