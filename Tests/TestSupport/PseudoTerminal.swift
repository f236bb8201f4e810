import Foundation
import Glibc

/// A program on a terminal of its own, its controlling one, as a person sees and types at it.
package final class PseudoTerminal {
  private let process = Process()
  private let terminal: FileHandle
  /// Kept open, so that the settings can be read when the program has ended.
  private let line: FileHandle
  private let original: [UInt8]
  package private(set) var screen: TerminalScreen
  /// Everything that was sent to the terminal.
  package private(set) var output: [UInt8] = []

  package struct Impossible: Error { let step: String }

  // TIOCSPTLCK and TIOCGPTN, which Swift does not import.
  private static let setLock: UInt = 0x4004_5431
  private static let getNumber: UInt = 0x8004_5430

  /// - Parameter arguments: the program and its arguments; found in `PATH`.
  package init(_ arguments: [String], columns: Int = 80, rows: Int = 24) throws {
    let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (locked, number) = (Int32(0), UInt32(0))
    guard descriptor >= 0, ioctl(descriptor, Self.setLock, &locked) == 0,
      ioctl(descriptor, Self.getNumber, &number) == 0
    else {
      throw Impossible(step: "making a terminal: \(String(cString: strerror(errno)))")
    }
    terminal = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    line = FileHandle(
      fileDescriptor: open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC), closeOnDealloc: true)
    screen = TerminalScreen(columns: columns, rows: rows)
    original = Self.settings(of: line)
    setSize(columns: columns, rows: rows)
    // The terminal becomes the controlling one of a new session: only then Ctrl-C and Ctrl-Z reach the program.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["setsid", "--ctty", "--wait"] + arguments
    process.standardInput = line
    process.standardOutput = line
    process.standardError = line
    try process.run()
  }

  deinit {
    if process.isRunning {
      signal(SIGKILL)
      process.waitUntilExit()
    }
  }

  /// Reads until the screen is as wanted. The suite's time limit ends a wait for one that never comes.
  package func wait(until isWanted: (TerminalScreen) -> Bool) throws {
    while !isWanted(screen) {
      guard read() else { throw Impossible(step: "waiting: the program has ended with this screen:\n\(screen.text)") }
    }
  }

  package func type(_ text: String) throws { try terminal.write(contentsOf: Data(text.utf8)) }

  package func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    setSize(columns: columns, rows: rows)  // SIGWINCH comes of it
  }

  /// Sends a signal to the program in the foreground.
  package func signal(_ number: Int32) { Glibc.kill(-tcgetpgrp(terminal.fileDescriptor), number) }

  /// Waits until the program is stopped, as by Ctrl-Z.
  package func waitUntilStopped() throws {
    let pid = tcgetpgrp(terminal.fileDescriptor)
    while true {
      let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      if status.split(separator: ")").last?.hasPrefix(" T") == true { break }
      guard !status.isEmpty else { throw Impossible(step: "waiting for a stop: the program has ended") }
      usleep(2000)
    }
  }

  /// Reads to the end of the program.
  /// - Returns: its exit status, or the number of the signal that ended it.
  package func finish() -> Int32 {
    while process.isRunning || pending() {
      if pending(milliseconds: 20) { _ = read() }
    }
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Whether the terminal's settings are those that it had before.
  package var isAsBefore: Bool { Self.settings(of: line) == original }

  private func pending(milliseconds: Int32 = 0) -> Bool {
    var request = pollfd(fd: terminal.fileDescriptor, events: Int16(POLLIN), revents: 0)
    return poll(&request, 1, milliseconds) > 0 && request.revents & Int16(POLLIN) != 0
  }

  private func read() -> Bool {
    // The line is open here too, so the end of the program is not the end of what can be read.
    while !pending(milliseconds: 50) { guard process.isRunning || pending() else { return false } }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(terminal.fileDescriptor, &bytes, bytes.count)
    guard count > 0 else { return false }
    output += bytes[..<count]
    screen.feed(bytes[..<count])
    return true
  }

  private func setSize(columns: Int, rows: Int) {
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal.fileDescriptor, UInt(TIOCSWINSZ), &size)
  }

  private static func settings(of handle: FileHandle) -> [UInt8] {
    var attributes = termios()
    tcgetattr(handle.fileDescriptor, &attributes)
    return withUnsafeBytes(of: attributes) { Array($0) }
  }
}
