import Synchronization
package import SystemPackage

/// Processes that take request after request, for work that is shorter than the start of its tool.
///
/// Each has a `stepworks-supervisor` of its own and every guarantee of a run: it dies with the daemon, its whole tree is
/// killed, its run identifier marks every process. It takes one request at a time, a line on its standard input
/// (`{"directory":…,"request":…}`), answers with the lines of any tool, ends them with `result` or `error`, and says
/// `{"ready":{"resident_bytes":N}}` when it can take the next, and once at its start.
package final class WarmTools: Sendable {
  private struct State {
    var roster: WarmRoster<WarmProcess>
    var statistics = WarmStatistics()
    var nextWaiter: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  private let runner: ToolRunner
  private let options: WarmOptions
  private let logs: WarmLogs
  private let runIDPrefix: String
  private let state: Mutex<State>

  /// - Parameters:
  ///   - directory: where the processes work and log; made when the first one starts. Pools of several daemons may
  ///     share it.
  ///   - runIDPrefix: the beginning of all run identifiers, 90 characters of ``ToolRunID`` at most.
  package init(runner: ToolRunner, options: WarmOptions = WarmOptions(), directory: FilePath, runIDPrefix: String) {
    self.runner = runner
    self.options = options
    self.logs = WarmLogs(directory: directory, kept: options.keptLogs)
    self.runIDPrefix = runIDPrefix
    state = Mutex(State(roster: WarmRoster(maximum: options.maximum)))
  }

  /// Runs one request, on a process that waits or on a new one, and returns when it is answered. A request that fails,
  /// is cancelled or reaches a limit ends with its process, and returns only when nothing of that is left.
  ///
  /// Cancelling the task does what it does in ``ToolRunner/run(_:limits:runID:logDirectory:onStart:onMessage:)``. An
  /// answer with an error counts as an exit: with the status that the tool names in `exit`, or that its class has.
  ///
  /// A process that has worked before and dies of a new request without a word has most likely died of what was before:
  /// such a request is tried once more, on a fresh process, and `onStart` is called again. A fresh process that dies
  /// counts against the request.
  ///
  /// - Parameters:
  ///   - limits: wall clock, silence and protocol lines hold for each request (from its being handed over; at first from
  ///     the start of the process), the others for the process; CPU time is not limited. The supervisor keeps them.
  ///   - onStart: called before the request is handed over, with the supervisor of the process and the identifier of its
  ///     run: record both, so that another daemon can end it. When it throws, nothing is handed over.
  ///   - onMessage: called for every message in order, the next one after it returns.
  /// - Throws: as ``ToolRunner/run(_:limits:runID:logDirectory:onStart:onMessage:)``;
  ///   ``ToolError/cancelledBeforeStart`` also when the pool is closed.
  package func run(
    _ command: WarmCommand,
    _ request: WarmRequest,
    limits: ToolLimits,
    onStart: @escaping @Sendable (ToolProcess, ToolRunID) async throws -> Void,
    onMessage: @escaping @Sendable (ToolMessage) async -> Void
  ) async throws(ToolError) -> ToolReport {
    let line = try request.line()
    let key = WarmKey(command: command, limits: limits)
    var mustBeFresh = false
    while true {
      let (process, isFresh) = try await process(for: key, mustBeFresh: mustBeFresh)
      process.take(request)
      if isFresh {
        start(process, onStart)
      } else {
        try await record(process, onStart)
      }
      let exchange = WarmExchange(
        process: process, line: line, options: options, onMessage: onMessage)
      // Shielded: a cancelled request must still be waited for until nothing of its process is left.
      let work = Task { await exchange.perform(isReady: !isFresh) }
      let outcome = await withTaskCancellationHandler {
        await work.value
      } onCancel: {
        process.cancel()
      }
      switch outcome {
      case .answered(let report, let reason):
        return await settle(process, report, reason)
      case .ended(let result, let hasSpoken):
        let isInnocent = !isFresh && !hasSpoken && process.endReason == nil && result.isSuddenDeath
        if isInnocent, !mustBeFresh {
          mustBeFresh = true
          continue
        }
        return try result.get()
      }
    }
  }

  /// How many processes may live at once, at least 1; a lower one ends idle processes now and the others after their
  /// request.
  package func setMaximum(_ maximum: Int) {
    act { $0.roster.setMaximum(maximum) }
  }

  /// Ends the idle processes, refuses new requests, lets those at work finish, and returns when no process is left.
  package func close() async {
    act { $0.roster.close() }
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.roster.living > 0 { state.closers.append(continuation) }
        return state.roster.living == 0
      }
      if isOver { continuation.resume() }
    }
  }

  package var isClosed: Bool { state.withLock { $0.roster.isClosed } }

  package var statistics: WarmStatistics {
    state.withLock { state in
      var statistics = state.statistics
      statistics.living = state.roster.living
      statistics.busy = state.roster.busyCount
      statistics.waiting = state.roster.waitingCount
      return statistics
    }
  }
}

// MARK: Processes

extension WarmTools {
  private func process(for key: WarmKey, mustBeFresh: Bool) async throws(ToolError) -> (WarmProcess, isFresh: Bool) {
    switch await seat(for: key, mustBeFresh: mustBeFresh) {
    case .idle(let process):
      process.expire(in: nil) { _ in }
      return (process, false)
    case .vacant:
      do throws(ToolError) {
        return (try makeProcess(key), true)
      } catch {
        act { $0.roster.giveUp() }
        throw error
      }
    case nil:
      throw .cancelledBeforeStart
    }
  }

  private func seat(for key: WarmKey, mustBeFresh: Bool) async -> WarmRoster<WarmProcess>.Seat? {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isCancelled = Task.isCancelled
        act { state in
          let actions = state.roster.ask(.init(key: key, wantsFresh: mustBeFresh, seat: continuation), id: id)
          // Cancelled before there was anything to withdraw, unless it was served at once.
          return isCancelled && actions.seats.isEmpty ? state.roster.withdraw(id) : actions
        }
      }
    } onCancel: {
      act { $0.roster.withdraw(id) }
    }
  }

  private func makeProcess(_ key: WarmKey) throws(ToolError) -> WarmProcess {
    var generator = SystemRandomNumberGenerator()
    guard let runID = ToolRunID(rawValue: "\(runIDPrefix)-\(ToolRunID(using: &generator))") else {
      throw .invalidCommand("\"\(runIDPrefix)\" can't be the beginning of run identifiers.")
    }
    let directory = try logs.make(runID)
    let process = try WarmProcess(key: key, runID: runID, directory: directory)
    do throws(ToolError) {
      try runner.check(
        key.command.command(in: process.workDirectory), limits: key.limits, logDirectory: process.logDirectory)
    } catch {
      logs.remove(directory)
      throw error
    }
    state.withLock { state in
      state.roster.join(process)
      state.statistics.started += 1
    }
    return process
  }

  private func start(
    _ process: WarmProcess, _ onStart: @escaping @Sendable (ToolProcess, ToolRunID) async throws -> Void
  ) {
    process.start(
      runner, onStart: { try await onStart($0, process.runID) }, unexpected: { self.end($0, .output) },
      over: { await self.over($0, $1) })
  }

  /// Records that a process that waits is to work on a request.
  private func record(
    _ process: WarmProcess, _ onStart: @escaping @Sendable (ToolProcess, ToolRunID) async throws -> Void
  ) async throws(ToolError) {
    do {
      guard let supervisor = process.supervisor else { throw Errno.noSuchProcess }
      // A write to the database is not to be cut off by a cancellation.
      try await Task { try await onStart(supervisor, process.runID) }.value
    } catch {
      putBack(process)
      throw .recordingFailed(error)
    }
    if Task.isCancelled {
      putBack(process)
      throw .cancelledBeforeStart
    }
  }

  /// What becomes of a process that has answered.
  private func settle(_ process: WarmProcess, _ report: ToolReport, _ reason: WarmEnd?) async -> ToolReport {
    state.withLock { $0.statistics.served += 1 }
    guard let reason else {
      putBack(process)
      return report
    }
    state.withLock { $0.roster.leaves(process) }
    process.end(reason)
    guard reason == .failed || reason == .output else { return report }
    // What it said last is in its log only now, and its directory is the attempt's.
    guard case .success(let end) = await process.gone() else { return report }
    var report = report
    report.logTail = end.logTail
    report.keptLogs = end.keptLogs
    return report
  }

  private func putBack(_ process: WarmProcess) {
    process.take(nil)
    act { $0.roster.putBack(process, process.key) }
    if process.hasSpokenUnasked { return end(process, .output) }
    if process.endReason != nil { return end(process, .cancelled) }  // the cancellation came after the answer
    let left = options.age - (SuspendingClock().now - process.started)
    let isOld = left < options.idle
    process.expire(in: max(.zero, min(options.idle, left))) { self.end($0, isOld ? .age : .idle) }
  }

  /// Ends a process that waits; one that has got a request meanwhile is left alone.
  private func end(_ process: WarmProcess, _ reason: WarmEnd) {
    guard state.withLock({ $0.roster.remove(process) }) else { return }
    process.end(reason)
  }

  /// Nothing is left of a process: its logs go where they belong, its place to whoever waits.
  private func over(
    _ process: WarmProcess, _ result: Result<ToolReport, ToolError>
  ) async -> Result<ToolReport, ToolError> {
    let result = result.map { report in
      var report = report
      report.logTail = ToolLog.tail(in: process.logDirectory, since: process.logMark)
      if hasGoneWrong(process, report) { report.keptLogs = keepLogs(of: process) }
      return report
    }
    logs.remove(process.directory)
    act { state in
      state.statistics.ended[process.endReason ?? .died, default: 0] += 1
      return state.roster.gone(process)
    }
    return result
  }

  private func hasGoneWrong(_ process: WarmProcess, _ report: ToolReport) -> Bool {
    switch process.endReason {
    case .failed, .output: true
    case .cancelled: process.request?.logDirectory != nil
    case nil: report.failure() != nil
    case .requests, .age, .memory, .messages, .mismatch, .idle, .surplus, .died, .closed: false
    }
  }

  /// Where the logs are that the request did not say a place for.
  private func keepLogs(of process: WarmProcess) -> FilePath? {
    if let place = process.request?.logDirectory, (try? logs.move(process.directory, to: place)) != nil { return nil }
    return logs.keep(process.directory, process.runID)
  }

  /// Changes the state and does what follows from it, outside the lock.
  private func act(_ change: (inout State) -> WarmRoster<WarmProcess>.Actions) {
    let (actions, closers) = state.withLock { state in
      let actions = change(&state)
      guard state.roster.isClosed, state.roster.living == 0 else {
        return (actions, [CheckedContinuation<Void, Never>]())
      }
      defer { state.closers = [] }
      return (actions, state.closers)
    }
    for (waiter, seat) in actions.seats { waiter.resume(returning: seat) }
    for (process, reason) in actions.ends { process.end(reason) }
    for closer in closers { closer.resume() }
  }
}

extension Result<ToolReport, ToolError> {
  /// The process ended without anybody's order.
  fileprivate var isSuddenDeath: Bool {
    switch self {
    case .success(let report): report.stopReason == nil || report.stopReason == .inputRefused
    case .failure(.supervisorDied): true
    case .failure: false
    }
  }
}
