import Dispatch
import Foundation
import Jobs
import Queueing
import Synchronization

/// Waits until jobs are final and shows on standard error how they come along.
struct JobFollower {
  private let queue: JobQueue
  private let watcher: CommitWatcher

  /// How long jobs may wait for a first worker before that is said.
  private static let patience: Duration = .seconds(3)
  /// A worker without a sign of life for this long counts as absent.
  private static let workerSilence: Duration = .seconds(60)
  /// Between two looks at most this often, however many jobs others settle meanwhile.
  private static let shortestPause: Duration = .milliseconds(20)
  /// Looks that take long are made less often, down to this.
  private static let longestPause: Duration = .milliseconds(400)

  init(_ queue: JobQueue) throws {
    self.queue = queue
    self.watcher = try CommitWatcher(queue)
  }

  /// - Throws: ``CommandFailure`` of status `interrupted` on Ctrl-C; the jobs go on.
  func follow(_ ids: [JobID]) async throws -> FollowedJobs {
    let ids = ids.reduce(into: [JobID]()) { if !$0.contains($1) { $0.append($1) } }
    let interrupt = InterruptFlag()
    var display: any ProgressDisplay =
      Terminal.canRedraw ? RedrawnProgress(since: WallClock.system.now()) : LineProgress()
    let began = ContinuousClock.now
    var hasHinted = false
    var jobs: [Job] = []
    var forecasts = ForecastReader(queue, rest: 9)
    try await WakeUps.look(at: watcher, every: .milliseconds(500)) {
      if interrupt.isRaised { return false }
      let look = ContinuousClock.now
      jobs = try await read(ids)
      if interrupt.isRaised { return false }
      display.show(
        jobs, try await forecasts.forecast(for: jobs), try await queue.firstStarts(of: jobs.map(\.id)))
      if jobs.allSatisfy(\.state.isFinal) { return false }
      if !hasHinted, ContinuousClock.now - began > Self.patience {
        hasHinted = true
        if let hint = try await hintAboutWorkers(jobs) { display.note(hint) }
      }
      let pause = min(max((ContinuousClock.now - look) * 4, Self.shortestPause), Self.longestPause)
      if !interrupt.isRaised { try await Task.sleep(for: pause) }
      return !interrupt.isRaised
    }
    display.finish(jobs)
    if !jobs.allSatisfy(\.state.isFinal) { throw Self.interrupted(jobs) }
    return try await FollowedJobs(jobs, in: queue)
  }

  private func read(_ ids: [JobID]) async throws -> [Job] {
    try queue.checkFileIsInPlace()
    let jobs = Dictionary(uniqueKeysWithValues: try await queue.jobs(Set(ids)).map { ($0.id, $0) })
    return try ids.map { id in
      guard let job = jobs[id] else {
        throw CommandFailure(.missingInput, "Job \(id) was deleted while it was waited for.")
      }
      return job
    }
  }

  private func hintAboutWorkers(_ jobs: [Job]) async throws -> String? {
    guard let waiting = try await available(among: jobs) else { return nil }
    if try await queue.queues().first(where: { $0.name == waiting.queue })?.paused == true {
      return "Queue \(waiting.queue) is paused; go on with: stepworks queues set \(waiting.queue) --resume"
    }
    let since = WallClock.system.now().advanced(by: .zero - Self.workerSilence)
    let count = try await queue.workerCount(for: waiting.step, in: waiting.queue, since: since)
    if count > 0 { return nil }
    return "No worker runs that can take \(waiting.step) from queue \(waiting.queue); start one: stepworks worker"
  }

  /// One that a worker could take, or else one that a blocked one waits for.
  private func available(among jobs: [Job]) async throws -> Job? {
    if let job = jobs.first(where: { $0.state == .available }) { return job }
    let dependencies = try await queue.unfinishedDependencies(of: jobs.map(\.id)).values.flatMap(\.self).sorted()
    for id in dependencies {
      if let job = try await queue.job(id), job.state == .available { return job }
    }
    return nil
  }

  private static func interrupted(_ jobs: [Job]) -> CommandFailure {
    let open = jobs.filter { !$0.state.isFinal }.map { "\($0.id)" }
    let goOn = open.count == 1 ? "job \(open[0]) goes on" : "jobs \(open.joined(separator: ", ")) go on"
    return CommandFailure(
      .interrupted, "No longer waiting; \(goOn). To cancel: stepworks cancel \(open.joined(separator: " "))")
  }
}

/// Raised by Ctrl-C, which then does not end the process.
private final class InterruptFlag {
  private final class SharedFlag: Sendable {
    let value = Atomic(false)
  }

  private let flag: SharedFlag
  private let source: any DispatchSourceSignal

  init() {
    let flag = SharedFlag()
    self.flag = flag
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT)
    source.setEventHandler { flag.value.store(true, ordering: .relaxed) }
    source.activate()
  }

  var isRaised: Bool { flag.value.load(ordering: .relaxed) }

  deinit {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}
