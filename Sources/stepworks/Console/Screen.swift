import Glibc
import Jobs
import Synchronization

/// The whole terminal: another page than the one the person came from, which comes back when this leaves.
///
/// Lines that are as they were are not sent again, and a frame appears at once where the terminal can (synchronized
/// output, which others pass over).
final class Screen: Sendable {
  private struct State {
    var isShown = false
    var drawn: [String] = []
    var size: Size?
    /// How the terminal was before; `nil` when standard input is none.
    var original: termios?
  }

  struct Size: Hashable {
    var columns: Int
    var rows: Int
  }

  private let state = Mutex(State())

  private static let enterText = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J"
  private static let leaveText = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  var size: Size {
    let size = Terminal.size(of: STDOUT_FILENO) ?? (80, 24)
    return Size(columns: size.columns, rows: max(1, size.rows))
  }

  /// Takes the terminal, or takes it again: whoever had it meanwhile may have changed it.
  func enter() {
    state.withLock { state in
      var attributes = termios()
      if tcgetattr(STDIN_FILENO, &attributes) == 0 {
        if !state.isShown { state.original = attributes }
        // Keys come at once and unseen; Ctrl-C and Ctrl-Z stay signals, Ctrl-S does not stop the output.
        attributes.c_lflag &= ~tcflag_t(ICANON | ECHO)
        attributes.c_iflag &= ~tcflag_t(IXON)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &attributes)
      }
      state.isShown = true
      state.drawn = []
      state.size = nil
      _ = Self.write(Self.enterText)
    }
  }

  /// Gives the terminal back as it was. May be called at any time, also by a signal's handler on another thread.
  func leave() {
    state.withLock { state in
      guard state.isShown else { return }
      state.isShown = false
      _ = Self.write(Self.leaveText)
      if var original = state.original { tcsetattr(STDIN_FILENO, TCSADRAIN, &original) }
    }
  }

  var isShown: Bool { state.withLock(\.isShown) }

  /// What others wrote on the page is gone with the next frame.
  func forget() { state.withLock { $0.size = nil } }

  /// - Parameter lines: from the top, each no wider than the terminal; what is too many is left out.
  /// - Returns: whether the terminal is still there.
  func draw(_ lines: [String], size: Size) -> Bool {
    state.withLock { state in
      guard state.isShown else { return true }
      let lines = lines.prefix(size.rows).map(Terminal.visible)
      var text = ""
      if state.size != size { text += "\u{1B}[2J" }
      let before = state.size == size ? state.drawn : []
      for row in 0..<max(lines.count, before.count) {
        let line = row < lines.count ? lines[row] : ""
        if row < before.count ? before[row] == line : line.isEmpty { continue }
        // Erased before it is written: after the last column the cursor stands on that, and would erase it.
        text += "\u{1B}[\(row + 1);1H\u{1B}[K\(line)\u{1B}[0m"
      }
      state.size = size
      state.drawn = lines
      return text.isEmpty || Self.write("\u{1B}[?2026h\(text)\u{1B}[?2026l")
    }
  }

  private static func write(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let count = Glibc.write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }
}
