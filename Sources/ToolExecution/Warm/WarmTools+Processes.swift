import Synchronization
import SystemPackage

/// How processes come, wait and go.
extension WarmTools {
  func process(for key: WarmKey, mustBeFresh: Bool) async throws(ToolError) -> (WarmProcess, isFresh: Bool) {
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

  func start(
    _ process: WarmProcess, _ onStart: @escaping @Sendable (ToolProcess, ToolRunID) async throws -> Void
  ) {
    process.start(
      runner, onStart: { try await onStart($0, process.runID) }, unexpected: { self.end($0, .output) },
      over: { await self.over($0, $1) })
  }

  /// Records that a process that waits is to work on a request.
  func record(
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
  func settle(_ process: WarmProcess, _ report: ToolReport, _ reason: WarmEnd?) async -> ToolReport {
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

  /// Whoever waits next gets the process only if that is to live on.
  private func putBack(_ process: WarmProcess) {
    process.take(nil)
    var reason: WarmEnd?
    act { state in
      // Under the lock: what it says unasked from now on finds it waiting, and ends it.
      reason = process.hasSpokenUnasked ? .output : process.endReason  // a cancellation that came after the answer
      guard reason != nil else { return state.roster.putBack(process, process.key) }
      state.roster.leaves(process)
      return .init()
    }
    if let reason { return process.end(reason) }
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
  func act(_ change: (inout State) -> WarmRoster<WarmProcess>.Actions) {
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
