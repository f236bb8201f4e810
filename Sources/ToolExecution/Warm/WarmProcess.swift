import Glibc
import Synchronization
import SystemPackage

/// One process that takes request after request, from its start to the proof that nothing of it is left.
final class WarmProcess: Sendable {
  enum Event: Sendable {
    case line(ToolLine)
    case ended(Result<ToolReport, ToolError>)
  }

  /// How long a process may take to leave once its input is closed, before it is ended as any other.
  private static let leavePatience: Duration = .seconds(2)

  private struct State {
    /// Whoever waits for an answer.
    var listener: AsyncStream<Event>.Continuation?
    var supervisor: ToolProcess?
    /// The tool's own process, once it has said that it is ready.
    var tool: Int32?
    var end: WarmEnd?
    var timer: Task<Void, Never>?
    var result: Result<ToolReport, ToolError>?
    var waiters: [CheckedContinuation<Result<ToolReport, ToolError>, Never>] = []
    var served = 0
    /// Resident size after its first answer.
    var base: UInt64?
    var logMark = ToolLog.Mark.beginning
    var request: WarmRequest?
    var hasSpokenUnasked = false
    var expiry: Task<Void, Never>?
  }

  let key: WarmKey
  let runID: ToolRunID
  /// Holds `logs` and `work`.
  let directory: FilePath
  let started = SuspendingClock().now
  let control: SupervisorControl
  private let state = Mutex(State())

  var logDirectory: FilePath { directory.appending("logs") }
  var workDirectory: FilePath { directory.appending("work") }

  init(key: WarmKey, runID: ToolRunID, directory: FilePath) throws(ToolError) {
    self.key = key
    self.runID = runID
    self.directory = directory
    do {
      control = try SupervisorControl()
    } catch {
      throw .supervisorFailed("No line could be opened to the supervisor of \(key.command.executable): \(error).")
    }
  }

  /// Starts it; `over` is called when nothing of it is left, before anybody learns how it ended.
  func start(
    _ runner: ToolRunner, onStart: @escaping @Sendable (ToolProcess) async throws -> Void,
    unexpected: @escaping @Sendable (WarmProcess) -> Void,
    over: @escaping @Sendable (WarmProcess, Result<ToolReport, ToolError>) async -> Result<ToolReport, ToolError>
  ) {
    var limits = key.limits
    // It adds up over all requests; the limits in time hold for each.
    limits.cpuSeconds = nil
    // Replaced when half of it is used up, so each request has as much as a run of its own.
    limits.messageBytes = min(limits.messageBytes, .max / 2) * 2
    let run = SupervisedRun(
      runner: runner, command: key.command.command(in: workDirectory), limits: limits, runID: runID,
      logDirectory: logDirectory, control: control,
      onStart: { process in
        self.state.withLock { $0.supervisor = process }
        try await onStart(process)
      },
      onLine: { line in
        let listener = self.state.withLock { $0.listener }
        guard let listener else {
          self.state.withLock { $0.hasSpokenUnasked = true }
          return unexpected(self)
        }
        listener.yield(.line(line))
      },
      isFed: true)
    // It outlives the request that started it.
    Task {
      let result = await over(self, await run.perform())
      self.finish(result)
    }
  }

  private func finish(_ result: Result<ToolReport, ToolError>) {
    let (listener, waiters) = state.withLock { state in
      state.timer?.cancel()
      state.expiry?.cancel()
      state.result = result
      defer { state.waiters = [] }
      return (state.listener, state.waiters)
    }
    listener?.yield(.ended(result))
    listener?.finish()
    for waiter in waiters { waiter.resume(returning: result) }
  }

  /// Everything it says from now on, its end included.
  func listen() -> AsyncStream<Event> {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
    let result = state.withLock { state in
      state.listener = continuation
      return state.result
    }
    if let result {
      continuation.yield(.ended(result))
      continuation.finish()
    }
    return stream
  }

  /// It wrote something while nothing was asked of it.
  var hasSpokenUnasked: Bool { state.withLock { $0.hasSpokenUnasked } }

  /// Calls `expired` when it has waited for its next request for so long; a new call replaces the last.
  func expire(in patience: Duration?, _ expired: @escaping @Sendable (WarmProcess) -> Void) {
    let expiry = patience.map { patience in
      Task {
        do { try await Task.sleep(for: patience) } catch { return }  // it got a request
        expired(self)
      }
    }
    let former = state.withLock { state in
      defer { state.expiry = expiry }
      return state.expiry
    }
    former?.cancel()
  }

  func stopListening() { state.withLock { $0.listener = nil } }

  /// Asks it to leave; returns at once. The first reason counts.
  func end(_ reason: WarmEnd) {
    guard note(reason) else { return }
    control.closeInput()
    let control = control
    let timer = Task {
      do { try await Task.sleep(for: Self.leavePatience) } catch { return }  // it has left
      control.cancel()
    }
    state.withLock { state in
      state.timer = timer
      if state.result != nil { timer.cancel() }
    }
  }

  /// Ends it like any run that is cancelled.
  func cancel() {
    _ = note(.cancelled)
    control.cancel()
  }

  /// True when this is the first reason for its end.
  private func note(_ reason: WarmEnd) -> Bool {
    state.withLock { state in
      guard state.end == nil, state.result == nil else { return false }
      state.end = reason
      return true
    }
  }

  /// Why it was ended; nil when nobody has.
  var endReason: WarmEnd? { state.withLock { $0.end } }

  /// Returns when nothing of it is left.
  func gone() async -> Result<ToolReport, ToolError> {
    await withCheckedContinuation { continuation in
      let result = state.withLock { state in
        if state.result == nil { state.waiters.append(continuation) }
        return state.result
      }
      if let result { continuation.resume(returning: result) }
    }
  }

  /// The supervisor, once it runs.
  var supervisor: ToolProcess? { state.withLock { $0.supervisor } }
  var served: Int { state.withLock { $0.served } }
  /// What it works on, from before it is handed over until the process waits again.
  func take(_ request: WarmRequest?) { state.withLock { $0.request = request } }
  var request: WarmRequest? { state.withLock { $0.request } }
  var logMark: ToolLog.Mark { state.withLock { $0.logMark } }

  /// Hands it a request. Gives what its process has used so far.
  func hand(_ line: [UInt8]) -> ProcessUsage {
    let tool = state.withLock { state in
      if state.tool == nil { state.tool = state.supervisor.flatMap { ProcessUsage.firstChild(of: $0.pid) } }
      state.logMark = ToolLog.mark(in: logDirectory)
      return state.tool
    }
    let usage = ProcessUsage(of: tool, resettingPeak: true)
    control.hand(line)
    return usage
  }

  /// It has answered. Gives what its process has used so far, and whether it has grown too large.
  func rest(residentBytes: UInt64, _ options: WarmOptions) -> (ProcessUsage, isTooLarge: Bool) {
    control.rest()
    let (tool, base) = state.withLock { state in
      state.served += 1
      let base = state.base ?? residentBytes
      state.base = base
      return (state.tool, base)
    }
    return (ProcessUsage(of: tool), options.isTooLarge(residentBytes, base: base))
  }
}

/// Requests share a process when these are equal.
struct WarmKey: Hashable, Sendable {
  var command: WarmCommand
  var limits: ToolLimits
}
