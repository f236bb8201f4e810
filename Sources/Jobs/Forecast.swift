/// When work will be done.
///
/// A running job: what its progress says (as much time for the rest as for what is done), weighed by the progress, and
/// what the history says (how much longer runs took that had taken as long). A waiting one: those that stand before it
/// are given to the slots of its queue, one after the other, each for as long as jobs of its step usually take; then its
/// own time. One that is scheduled or blocked starts when that allows it, and there is a slot. Where anything of that is
/// not known there is no forecast rather than a wrong one.
package struct Forecast: Sendable {
  /// A queue as it is.
  package struct Queue: Sendable {
    /// How many jobs may run at once; 0 while it is paused or nobody serves it.
    package var slots: Int
    /// Whether it has limits that a forecast does not know the effect of: of a tenant, of a rate.
    package var isThrottled: Bool
    package var running: [Running]
    /// How many of each step could start.
    package var waiting: [StepName: Int]
    /// How many of each step wait for other jobs.
    package var blocked: [StepName: Int]
    /// The last in the line of those; one of the places.
    package var lastBlocked: JobID?
    /// What its workers can run; `nil`: every step.
    package var served: Set<StepName>?

    package init(
      slots: Int, isThrottled: Bool = false, running: [Running] = [], waiting: [StepName: Int] = [:],
      blocked: [StepName: Int] = [:], lastBlocked: JobID? = nil, served: Set<StepName>? = nil
    ) {
      self.slots = slots
      self.isThrottled = isThrottled
      self.running = running
      self.waiting = waiting
      self.blocked = blocked
      self.lastBlocked = lastBlocked
      self.served = served
    }

    fileprivate func serves(_ step: StepName) -> Bool { served?.contains(step) ?? true }
  }

  /// A job that runs.
  package struct Running: Sendable {
    package var step: StepName
    package var elapsed: Duration
    /// 0…1.
    package var progress: Double?

    package init(step: StepName, elapsed: Duration, progress: Double?) {
      self.step = step
      self.elapsed = elapsed
      self.progress = progress
    }
  }

  /// How a job stands to others.
  package struct Place: Sendable {
    package enum Standing: Sendable {
      case running(Running)
      case available
      case scheduled(after: Duration)
      /// Waits for these.
      case blocked(by: [JobID])
    }

    package var step: StepName
    package var queue: QueueName
    package var standing: Standing
    /// How many of each step come before it in its queue: of those that could start, and before a blocked one also of
    /// those that are blocked.
    package var ahead: [StepName: Int]

    package init(step: StepName, queue: QueueName, standing: Standing, ahead: [StepName: Int] = [:]) {
      self.step = step
      self.queue = queue
      self.standing = standing
      self.ahead = ahead
    }
  }

  private let history: RunHistory
  private let queues: [QueueName: Queue]
  private let places: [JobID: Place]

  /// More jobs than that are given to the slots in one piece, not one by one.
  static let placedOneByOne = 2000
  /// What a progress has to be for it alone to say anything: a twentieth, and two seconds.
  private static let firstProgress = 0.05
  private static let firstElapsed = Duration.seconds(2)

  package init(history: RunHistory, queues: [QueueName: Queue] = [:], places: [JobID: Place] = [:]) {
    self.history = history
    self.queues = queues
    self.places = places
  }

  /// Until the job is over; `nil` when that is not known, as of any job that is none of ``places``.
  ///
  /// Each of those that it waits for is looked at once, however many ways lead there. A circle is never over.
  package func eta(of job: JobID) -> Duration? {
    var known: [JobID: Duration?] = [:]
    var entered: Set<JobID> = []
    var line = [job]
    while let id = line.last {
      if case .blocked(let others)? = places[id]?.standing, entered.insert(id).inserted {
        line += others.filter { !entered.contains($0) && !known.keys.contains($0) }
        continue
      }
      line.removeLast()
      if !known.keys.contains(id) { known.updateValue(eta(of: id, known), forKey: id) }
    }
    return known[job] ?? nil
  }

  /// Until nothing of the queue runs, could run or is blocked any more, if nothing is added and no scheduled job's time
  /// comes.
  package func eta(of queue: QueueName) -> Duration? {
    guard let queue = queues[queue] else { return nil }
    let jobs = queue.waiting.merging(queue.blocked, uniquingKeysWith: +)
    if queue.running.isEmpty, jobs.isEmpty { return .zero }
    // What runs has to be known, and each that waits has to have somebody who runs it.
    guard queue.running.allSatisfy({ eta(of: $0) != nil }), jobs.keys.allSatisfy(queue.serves),
      let last = slots(of: queue, after: jobs)?.last
    else { return nil }
    guard let blocked = queue.lastBlocked else { return last }
    return eta(of: blocked).map { max($0, last) }
  }

  /// Until the run is over.
  package func eta(of run: Running) -> Duration? {
    let usual = history.remaining(of: run.step, after: run.elapsed)
    guard let progress = run.progress, progress > 0 else { return usual }
    let done = min(progress, 1)
    let pace = run.elapsed * ((1 - done) / done)
    if let usual { return pace * done + usual * (1 - done) }
    return done >= Self.firstProgress && run.elapsed >= Self.firstElapsed ? pace : nil
  }

  /// - Parameter known: of those that it waits for.
  private func eta(of job: JobID, _ known: [JobID: Duration?]) -> Duration? {
    guard let place = places[job] else { return nil }
    if case .running(let run) = place.standing { return eta(of: run) }
    // Of what waits where nothing starts, or nobody knows when, nothing is promised, even if nothing is before it.
    guard let queue = queues[place.queue], queue.slots > 0, !queue.isThrottled, queue.serves(place.step),
      let work = history.work(of: place.step)
    else { return nil }
    var ready = Duration.zero
    switch place.standing {
    case .running: return nil
    case .available: break
    case .scheduled(let delay): ready = max(delay, .zero)
    case .blocked(let others):
      if others.isEmpty { return nil }
      for other in others {
        guard let eta = known[other] ?? nil else { return nil }
        ready = max(ready, eta)
      }
    }
    return slots(of: queue, after: place.ahead)?.first.map { max($0, ready) + work }
  }

  /// When each slot is free once these jobs have been given to them: the first first. That of a run of which nobody knows
  /// when it will be over is none of them; `nil` when there are no others.
  private func slots(of queue: Queue, after jobs: [StepName: Int]) -> [Duration]? {
    guard queue.slots > 0 || jobs.isEmpty, !queue.isThrottled || jobs.isEmpty else { return nil }
    var free = queue.running.compactMap { eta(of: $0) }.sorted()
    // After the limit was lowered more may run than there are slots: those that end first leave none.
    free.removeFirst(min(free.count, max(0, queue.running.count - max(queue.slots, 1))))
    free.insert(contentsOf: Array(repeating: .zero, count: max(0, queue.slots - queue.running.count)), at: 0)
    if free.isEmpty { return nil }
    var works: [(work: Duration, count: Int)] = []
    // Workers pass by what they cannot run.
    for (step, count) in jobs where count > 0 && queue.serves(step) {
      guard let work = history.work(of: step) else { return nil }
      works.append((work, count))
    }
    let count = works.reduce(0) { $0 + $1.count }
    if count > Self.placedOneByOne {
      let all = works.reduce(Duration.zero) { $0 + $1.work * $1.count }
      let level = (free.reduce(all) { $0 + $1 }) / free.count
      let half = all / count / 2
      return [max(.zero, level - half), level + half]
    }
    for (work, count) in works.sorted(by: { $0.work > $1.work }) {
      for _ in 0..<count {
        let next = free.removeFirst() + work
        free.insert(next, at: free.firstIndex { $0 > next } ?? free.endIndex)
      }
    }
    return free
  }
}
