import Dispatch
import Foundation
import Jobs
import Synchronization

/// How far a long piece of work of this command is, on standard error: on a terminal one line that is drawn over, elsewhere
/// a line once in a while. What is soon done says nothing.
///
///     verifying  ██████░░░░░░░░░░  42 %  12 of 340, 1.2 GB of 4.5 GB, 210.0 MB/s, 8s left
final class WorkProgress: Sendable {
  struct State {
    var items = 0
    var bytes: Int64 = 0
    /// What it is at, where that says more than numbers.
    var subject = ""
    var isDrawn = false
    var isOver = false
  }

  let verb: String
  /// `nil`: nobody knows.
  let items: Int?
  let bytes: Int64?
  private let state = Mutex(State())
  private let began = ContinuousClock.now
  /// Dispatch's own lock guards it.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  /// Seen as steady on a terminal; seldom enough in a log.
  private static let (redrawing, telling) = (DispatchTimeInterval.milliseconds(200), DispatchTimeInterval.seconds(10))
  private static let barWidth = 16

  /// - Parameter isQuiet: nothing is said, as with `--json`.
  init(_ verb: String, items: Int? = nil, bytes: Int64? = nil, isQuiet: Bool = false) {
    self.verb = verb
    self.items = items
    self.bytes = bytes
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "stepworks.progress"))
    let interval = Terminal.canRedraw ? Self.redrawing : Self.telling
    timer.schedule(deadline: .now() + interval, repeating: interval)
    timer.setEventHandler { [weak self] in self?.show() }
    timer.activate()
    if isQuiet { finish() }
  }

  deinit { timer.cancel() }

  func advance(items: Int = 1, bytes: Int64 = 0) {
    state.withLock { state in
      state.items += items
      state.bytes += bytes
    }
  }

  func turn(to subject: String) { state.withLock { $0.subject = subject } }

  /// Takes the line away, before anything else is written. May be called again.
  func finish() {
    timer.cancel()
    state.withLock { state in
      if state.isDrawn { Terminal.tellRaw("\r\u{1B}[K") }
      state.isDrawn = false
      state.isOver = true
    }
  }

  private func show() {
    state.withLock { state in
      if state.isOver { return }
      let elapsed = ContinuousClock.now - began
      guard let size = Terminal.canRedraw ? Terminal.size(of: STDERR_FILENO) : nil else {
        return Terminal.tell(line(state, after: elapsed, barWidth: 0))
      }
      let line = line(state, after: elapsed, barWidth: size.columns >= 60 ? Self.barWidth : 0)
      Terminal.tellRaw("\r\u{1B}[K\(TextWidth.truncated(line.visible, to: size.columns - 1))")
      state.isDrawn = true
    }
  }

  /// - Parameter barWidth: 0: no bar.
  func line(_ state: State, after elapsed: Duration, barWidth: Int) -> String {
    let share: Double? =
      if let bytes, bytes > 0 {
        Double(state.bytes) / Double(bytes)
      } else if let items, items > 0 {
        Double(state.items) / Double(items)
      } else {
        nil
      }
    var facts: [String] = []
    if !state.subject.isEmpty { facts.append(state.subject) }
    if let items {
      facts.append("\(state.items) of \(items)")
    } else if state.items > 0 {
      facts.append("\(state.items)")
    }
    if let bytes { facts.append("\(HumanTime.bytes(state.bytes)) of \(HumanTime.bytes(bytes))") }
    if state.bytes > 0, elapsed >= .seconds(1) {
      facts.append("\(HumanTime.bytes(Int64(Double(state.bytes) / elapsed.seconds)))/s")
    }
    if let share, share > 0, share < 1, elapsed >= .seconds(1) {
      facts.append("\(HumanTime.span(elapsed * ((1 - share) / share))) left")
    } else if share == nil {
      facts.append(HumanTime.clock(elapsed))
    }
    let bar: String? = share.map { share in
      barWidth > 0 ? ProgressBar.text(share, width: barWidth) : ProgressBar.percent(share)
    }
    return "\(verb)  \(([bar].compactMap(\.self) + [facts.joined(separator: ", ")]).joined(separator: "  "))"
  }
}
