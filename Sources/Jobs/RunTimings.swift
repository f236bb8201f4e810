/// How long one run took, from the moment its job became available to its settlement, and with what.
///
/// Measured by the monotonic clock of the worker, except ``wait``, which begins where another process committed. A run
/// whose lease was lost has none: what it did is another run's to do.
package struct RunTimings: Sendable, Hashable {
  /// A phase of the run and the time spent in it, all its turns together.
  package struct Phase: Sendable, Hashable {
    package let name: PhaseName
    package let duration: Duration

    package init(_ name: PhaseName, _ duration: Duration) {
      self.name = name
      self.duration = duration
    }
  }

  /// Available → claim, to the millisecond, by the wall clock; a clock that was set back makes it 0.
  package var wait: Duration
  /// Claim → first output: the first progress, or the first phase or log line after a tool was started. `nil` when the
  /// run gave none. It overlaps with ``phases``.
  package var start: Duration?
  /// In the order in which they were entered first; at most ``PhaseName/maximumCount``.
  package var phases: [Phase]
  /// The end of the step → settled: the commit of the result and all that follows from it.
  package var settle: Duration
  /// Claim → settled.
  package var run: Duration

  /// Available → settled, of this run.
  package var total: Duration { wait + run }

  package init(
    wait: Duration = .zero, start: Duration? = nil, phases: [Phase] = [], settle: Duration = .zero,
    run: Duration = .zero
  ) {
    self.wait = wait
    self.start = start
    self.phases = phases
    self.settle = settle
    self.run = run
  }

  /// The time in one phase; `nil` when the run did not enter it.
  package subscript(name: PhaseName) -> Duration? { phases.first { $0.name == name }?.duration }

  /// Every duration with its name: `wait`, `start`, the phases, `settle`, `run`, `total`.
  package func eachDuration(_ body: (PhaseName, Duration) -> Void) {
    body(.wait, wait)
    if let start { body(.start, start) }
    for phase in phases { body(phase.name, phase.duration) }
    body(.settle, settle)
    body(.run, run)
    body(.total, total)
  }
}
