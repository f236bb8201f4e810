import Foundation
import Jobs
import Synchronization

/// Where a command writes. A reader that goes away (`| head`) ends the program in silence.
enum Terminal {
  /// Results.
  static func print(_ text: String) { write(visible(text) + "\n", to: STDOUT_FILENO) }

  /// What is said to the person, not to the next program.
  static func tell(_ text: String) { write(visible(text) + "\n", to: STDERR_FILENO) }

  /// Nothing in `text` but our own styles drives the terminal, wherever it came from. An escape of it is one of JSON
  /// too, so JSON keeps its value.
  static func visible(_ text: String) -> String {
    var parts = text.split(separator: "\u{1B}", omittingEmptySubsequences: false).makeIterator()
    var result = parts.next().map { String($0).visible } ?? ""
    while let part = parts.next() {
      let isStyle = Style.sequences.contains { part.unicodeScalars.starts(with: $0.unicodeScalars) }
      result += isStyle ? "\u{1B}" + String(part).visible : ("\u{1B}" + String(part)).visible
    }
    return result
  }

  static func tellRaw(_ text: String) { write(text, to: STDERR_FILENO) }

  /// What the command line asks for; said once, before anything is written.
  static var colourChoice: ColourChoice {
    get { chosenColour.withLock(\.self) }
    set { chosenColour.withLock { $0 = newValue } }
  }

  private static let chosenColour = Mutex(ColourChoice.auto)

  static var hasColour: Bool { hasColour(at: STDOUT_FILENO) }
  static var toldHasColour: Bool { hasColour(at: STDERR_FILENO) }

  private static func hasColour(at descriptor: Int32) -> Bool {
    colourChoice.isColoured(
      isTerminal: isatty(descriptor) == 1, environment: ProcessInfo.processInfo.environment)
  }

  /// Whether lines on standard error can be drawn over.
  static var canRedraw: Bool { canRedraw(STDERR_FILENO) }

  /// Whether standard output is a terminal that a program may have for itself.
  static var isInteractive: Bool { canRedraw(STDOUT_FILENO) }

  private static func canRedraw(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1 && isCapable(ProcessInfo.processInfo.environment)
  }

  /// Whether the terminal understands more than lines; one that nobody has named may not.
  static func isCapable(_ environment: [String: String]) -> Bool {
    !["", "dumb"].contains(environment["TERM"] ?? "")
  }

  /// Columns and rows of the terminal at this descriptor; `nil` when it is none.
  static func size(of descriptor: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  private static let ignoringBrokenPipes: Void = {
    signal(SIGPIPE, SIG_IGN)
  }()

  private static func write(_ text: String, to descriptor: Int32) {
    _ = ignoringBrokenPipes
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EPIPE, descriptor == STDOUT_FILENO { exit(ExitStatus.done.rawValue) }
        guard count > 0 else {
          if descriptor == STDERR_FILENO { return }  // nobody left to tell
          let reason = String(cString: strerror(errno))
          tell("stepworks: The output cannot be written: \(reason).")
          exit(ExitStatus.inputOutput.rawValue)
        }
        rest = rest.dropFirst(count)
      }
    }
  }
}
