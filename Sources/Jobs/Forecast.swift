/// When work will be done.
///
/// A running job: what its progress says (as much time for the rest as for what is done), weighed by the progress, and
/// what the history says (how much longer runs took that had taken as long). A waiting one: those that stand before it
/// are given to the slots of its queue, one after the other, each for as long as jobs of its step usually take; then its
/// own time. Where anything of that is not known there is no forecast rather than a wrong one.
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

    package init(slots: Int, isThrottled: Bool = false, running: [Running] = [], waiting: [StepName: Int] = [:]) {
      self.slots = slots
      self.isThrottled = isThrottled
      self.running = running
      self.waiting = waiting
    }
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
      /// How many of each step will start before it, of those that wait in its queue.
      case available(ahead: [StepName: Int])
      case scheduled(after: Duration)
      /// Waits for these.
      case blocked(by: [JobID])
    }

    package var step: StepName
    package var queue: QueueName
    package var standing: Standing

    package init(step: StepName, queue: QueueName, standing: Standing) {
      self.step = step
      self.queue = queue
      self.standing = standing
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

  /// Until nothing of the queue runs or could run any more, if nothing is added.
  package func eta(of queue: QueueName) -> Duration? {
    guard let queue = queues[queue] else { return nil }
    if queue.running.isEmpty, queue.waiting.isEmpty { return .zero }
    return slots(of: queue, after: queue.waiting)?.last
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
    guard let queue = queues[place.queue], queue.slots > 0, !queue.isThrottled,
      let work = history.work(of: place.step)
    else { return nil }
    switch place.standing {
    case .running: return nil
    case .available(let ahead): return slots(of: queue, after: ahead)?.first.map { $0 + work }
    case .scheduled(let delay): return max(delay, .zero) + work
    case .blocked(let others):
      if others.isEmpty { return nil }
      var last = Duration.zero
      for other in others {
        guard let eta = known[other] ?? nil else { return nil }
        last = max(last, eta)
      }
      return last + work
    }
  }

  /// When each slot is free once these jobs have been given to them: the first first.
  private func slots(of queue: Queue, after jobs: [StepName: Int]) -> [Duration]? {
    guard queue.slots > 0 || jobs.isEmpty, !queue.isThrottled || jobs.isEmpty else { return nil }
    var free: [Duration] = []
    for run in queue.running {
      guard let eta = eta(of: run) else { return nil }
      free.append(eta)
    }
    free.sort()
    // After the limit was lowered more may run than there are slots: those that end first leave none.
    free.removeFirst(max(0, free.count - max(queue.slots, 1)))
    free.insert(contentsOf: Array(repeating: .zero, count: max(0, queue.slots - free.count)), at: 0)
    var works: [(work: Duration, count: Int)] = []
    for (step, count) in jobs where count > 0 {
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
