import Synchronization
package import SystemPackage

/// Processes that take request after request, for work that is shorter than the start of its tool.
///
/// Each has a `stepworks-supervisor` of its own and every guarantee of a run: it dies with the daemon, its whole tree is
/// killed, its run identifier marks every process. It takes one request at a time, a line on its standard input
/// (`{"directory":…,"request":…}`), answers with the lines of any tool, ends them with `result` or `error`, and says
/// `{"ready":{"resident_bytes":N}}` when it can take the next, and once at its start.
package final class WarmTools: Sendable {
  struct State {
    var roster: WarmRoster<WarmProcess>
    var statistics = WarmStatistics()
    var nextWaiter: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  let runner: ToolRunner
  let options: WarmOptions
  let logs: WarmLogs
  let runIDPrefix: String
  let state: Mutex<State>

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
      var start: AsyncStream<WarmProcess.Event>?
      if isFresh {
        start = process.listen()  // not one line may be missed
        self.start(process, onStart)
      } else {
        try await record(process, onStart)
      }
      let exchange = WarmExchange(
        process: process, line: line, options: options, onMessage: onMessage)
      // Shielded: a cancelled request must still be waited for until nothing of its process is left.
      let work = Task { [start] in await exchange.perform(start) }
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
