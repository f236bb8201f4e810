import Jobs
import Synchronization

/// Why a running job is told to stop.
enum StopReason: String, Sendable {
  /// Somebody asked for its cancellation.
  case cancelRequested = "its cancellation was requested"
  /// The worker drains and the deadline has passed.
  case drained = "the worker stops"
  /// Somebody else has the job.
  case leaseLost = "its lease is lost"
}

/// The handle on one running job.
final class RunControl: Sendable {
  let job: Job

  private struct State {
    var reason: StopReason?
    var task: Task<StepResult, any Error>?
  }

  private let state = Mutex(State())

  init(job: Job) { self.job = job }

  var stopReason: StopReason? { state.withLock { $0.reason } }

  /// Gives the task that a stop cancels; one that was asked for before is made good.
  func attach(_ task: Task<StepResult, any Error>) {
    let isStopped = state.withLock { state in
      state.task = task
      return state.reason != nil
    }
    if isStopped { task.cancel() }
  }

  /// The first reason stays.
  /// - Returns: whether this was the first.
  @discardableResult
  func stop(_ reason: StopReason) -> Bool {
    let (isFirst, task) = state.withLock { state in
      defer { state.reason = state.reason ?? reason }
      return (state.reason == nil, state.task)
    }
    if isFirst { task?.cancel() }
    return isFirst
  }
}

/// The jobs this worker runs now.
final class RunningJobs: Sendable {
  private let controls = Mutex<[LeaseToken: RunControl]>([:])

  var count: Int { controls.withLock { $0.count } }

  /// A copy: jobs may end while it is used.
  var tokens: Set<LeaseToken> { controls.withLock { Set($0.keys) } }

  var countByQueue: [QueueName: Int] {
    controls.withLock { controls in
      controls.values.reduce(into: [:]) { counts, control in counts[control.job.queue, default: 0] += 1 }
    }
  }

  func add(_ job: Job) -> RunControl {
    let control = RunControl(job: job)
    controls.withLock { $0[job.token] = control }
    return control
  }

  func remove(_ token: LeaseToken) { controls.withLock { _ = $0.removeValue(forKey: token) } }

  subscript(token: LeaseToken) -> RunControl? { controls.withLock { $0[token] } }

  var all: [RunControl] { controls.withLock { Array($0.values) } }
}
