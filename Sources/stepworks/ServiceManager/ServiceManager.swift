import Glibc
import Jobs
import Queueing
import ServiceLifecycle
import Synchronization
import Workers

/// Tells the service manager that started this worker (systemd, `Type=notify`) how it is: ready, its status, reloading,
/// stopping; and that it gets on, as long as it does.
///
/// It outlives the drain: the first in the service group, so the last to be shut down.
final class ServiceManager: Service {
  private struct State {
    var isReady = false
    var statusServerListens: Bool
    var drainDeadline: SuspendingClock.Instant?
    var status = ServiceStatus()
    var toldStatus = ""
    var turnsSeen = -1
    var readAt: SuspendingClock.Instant?
  }

  /// How far each message asks for the stop to be awaited: a worker that is frozen then lives no longer than this.
  private static let extensionStep = Duration.seconds(10)
  /// Beyond the worker's own bound, so that it says itself that it gives up.
  private static let extensionReserve = Duration.seconds(5)
  /// Between two looks at the queue while jobs wait and nothing else happens.
  private static let waitingRefresh = Duration.seconds(5)

  private let socket: NotifySocket
  private let watchdog: Duration?
  private let worker: Worker
  private let queue: JobQueue
  private let queues: [QueueName]?
  private let state: Mutex<State>

  /// - Parameter awaitsStatusServer: whether the worker is ready only after ``statusServerListens()``.
  init(
    socket: NotifySocket, watchdog: Duration?, worker: Worker, queue: JobQueue, queues: [QueueName]?,
    awaitsStatusServer: Bool
  ) {
    self.socket = socket
    self.watchdog = watchdog
    self.worker = worker
    self.queue = queue
    self.queues = queues
    state = Mutex(State(statusServerListens: !awaitsStatusServer))
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.tell()
        do { try await Task.sleep(for: self.interval, clock: .suspending) } catch { break }  // the worker ends
      }
    }
    // Nobody asks any more while warm tools end and the worker is signed off.
    if let rest = drainRest { askForTime(rest) }
  }

  /// The last word of a worker that has drained.
  func stopped() { socket.send("STATUS=stopped") }

  func statusServerListens() { state.withLock { $0.statusServerListens = true } }

  func reloading() { socket.send("RELOADING=1", "MONOTONIC_USEC=\(Self.monotonicMicroseconds)") }

  /// - Parameter fault: why the old configuration stays; one sentence.
  func reloaded(fault: String?) {
    let isReady = state.withLock { state in
      state.status.reloadFault = fault
      return state.isReady && state.drainDeadline == nil
    }
    if isReady { socket.send("READY=1") }
    tellStatus()
  }

  /// - Parameter budget: how long the drain may take; so long the manager is asked to wait.
  func stopping(within budget: Duration) {
    state.withLock { state in
      state.drainDeadline = .now.advanced(by: budget)
      state.status.isDraining = true
    }
    socket.send("STOPPING=1")
    tellStatus()
  }

  /// Once a second, which costs an idle worker nothing to speak of; more often before it is ready and for a short watchdog.
  private var interval: Duration {
    guard state.withLock({ $0.isReady }) else { return .milliseconds(50) }
    return min(.seconds(1), watchdog.map { $0 / 8 } ?? .seconds(1))
  }

  private func tell() async {
    let liveness = worker.liveness
    let isFirst = state.withLock { state in
      guard !state.isReady, state.statusServerListens, liveness.hasLooked else { return false }
      state.isReady = true
      return true
    }
    if isFirst { socket.send("READY=1") }
    guard state.withLock({ $0.isReady }) else { return }
    if watchdog != nil, liveness.takeProgress() { socket.send("WATCHDOG=1") }
    if let rest = drainRest { askForTime(min(rest, Self.extensionStep)) }
    await lookAtQueue(turns: liveness.turns)
    tellStatus()
  }

  /// What is left of the drain's budget; `nil` when there is no drain or nothing left.
  private var drainRest: Duration? {
    let rest = state.withLock { $0.drainDeadline }.map { SuspendingClock.Instant.now.duration(to: $0) }
    return rest.flatMap { $0 > .zero ? $0 : nil }
  }

  private func askForTime(_ time: Duration) {
    socket.send("EXTEND_TIMEOUT_USEC=\((time + Self.extensionReserve).wholeMilliseconds * 1000)")
  }

  /// Reads what waits, if it can have changed since.
  private func lookAtQueue(turns: Int) async {
    let now = SuspendingClock.Instant.now
    let isDue = state.withLock { state in
      guard let readAt = state.readAt, state.turnsSeen == turns else { return true }
      return state.status.waiting.count > 0 && readAt.duration(to: now) >= Self.waitingRefresh
    }
    // A database that can't be read is told by /healthz and the log; the status keeps what was known.
    guard isDue, let waiting = try? await queue.waitingWork(in: queues) else { return }
    state.withLock { state in
      state.status.waiting = waiting
      state.turnsSeen = turns
      state.readAt = now
    }
  }

  private func tellStatus() {
    let running = worker.runningCount
    let now = queue.now
    let changed = state.withLock { state -> String? in
      state.status.running = running
      let text = state.status.text(at: now)
      defer { state.toldStatus = text }
      return text == state.toldStatus ? nil : text
    }
    if let changed { socket.send("STATUS=\(changed)") }
  }

  private static var monotonicMicroseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
