import Jobs
import Synchronization

/// Measures one run, from its claim on.
final class RunClock: Sendable {
  enum Entry: Hashable {
    case entered
    /// The phase is ignored; the sentence says why, the first time only.
    case refused(String?)
  }

  private struct State {
    var firstOutput: ContinuousClock.Instant?
    var hasTool = false
    var phases: [RunTimings.Phase] = []
    /// The place in `phases` of the one that goes on, and since when.
    var current: (index: Int, since: ContinuousClock.Instant)?
    var hasRefused = false
    var ended: ContinuousClock.Instant?

    mutating func closePhase(at now: ContinuousClock.Instant) {
      guard let (index, since) = current else { return }
      phases[index] = RunTimings.Phase(phases[index].name, phases[index].duration + (now - since))
      current = nil
    }
  }

  private let wait: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let started: ContinuousClock.Instant
  private let state = Mutex(State())

  /// Starts it.
  /// - Parameter wait: since the job became available.
  init(wait: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.wait = wait
    self.now = now
    started = now()
  }

  /// Hears what the step says about its run.
  /// - Returns: what became of the phase that the report begins; `nil` for any other report.
  func hear(_ report: StepReport) -> Entry? {
    let now = now()
    return state.withLock { state in
      switch report {
      case .progress:
        state.firstOutput = state.firstOutput ?? now
        return nil
      case .log:
        if state.hasTool { state.firstOutput = state.firstOutput ?? now }
        return nil
      case .phase(let name):
        if state.hasTool { state.firstOutput = state.firstOutput ?? now }
        return Self.enter(name, at: now, &state)
      case .toolStarted:
        state.hasTool = true
        return nil
      case .toolEnded, .fact: return nil
      }
    }
  }

  private static func enter(_ name: PhaseName, at now: ContinuousClock.Instant, _ state: inout State) -> Entry {
    guard state.ended == nil else { return .refused(nil) }
    guard name.isAllowed else { return refuse("\(name.rawValue.debugDescription) is no name of a phase", &state) }
    let index: Int
    if let known = state.phases.firstIndex(where: { $0.name == name }) {
      index = known
    } else {
      guard state.phases.count < PhaseName.maximumCount else {
        return refuse("\(name) would be more than \(PhaseName.maximumCount) phases", &state)
      }
      index = state.phases.count
      state.phases.append(RunTimings.Phase(name, .zero))
    }
    state.closePhase(at: now)
    state.current = (index, now)
    return .entered
  }

  private static func refuse(_ reason: String, _ state: inout State) -> Entry {
    defer { state.hasRefused = true }
    return .refused(state.hasRefused ? nil : "\(reason), so the time goes on counting for the phase before.")
  }

  /// The step has ended: what follows is the settlement.
  func end() {
    let now = now()
    state.withLock { state in
      guard state.ended == nil else { return }
      state.closePhase(at: now)
      state.ended = now
    }
  }

  /// The run as it is now, just after it was settled.
  func timings() -> RunTimings {
    let now = now()
    return state.withLock { state in
      RunTimings(
        wait: wait, start: state.firstOutput.map { $0 - started }, phases: state.phases,
        settle: now - (state.ended ?? now), run: now - started)
    }
  }
}
