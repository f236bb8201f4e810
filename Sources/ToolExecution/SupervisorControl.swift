import Glibc
import Synchronization
import SystemPackage

/// The line to the supervisor's standard input: one byte starts the tool, one ends it, and its closing, by us or
/// by the kernel when the daemon dies, kills it.
///
/// A line, not signals, so that a cancellation that comes late can't hit a reused pid.
final class SupervisorControl: Sendable {
  private enum Order: UInt8 {
    case go = 0x67  // g
    case terminate = 0x74  // t
  }

  private struct State {
    var isCancelled = false
    /// Once it was told to start the tool.
    var supervisor: ToolProcess?
    var ourEnd: FileDescriptor?
  }

  let supervisorEnd: FileDescriptor
  private let state: Mutex<State>

  init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    // Close-on-exec from the first moment, which Glibc's module offers for sockets but not for pipes: an end that some
    // other child inherits would outlive this process.
    let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
    supervisorEnd = FileDescriptor(rawValue: ends[0])
    state = Mutex(State(ourEnd: FileDescriptor(rawValue: ends[1])))
  }

  deinit {
    close()
    try? supervisorEnd.close()
  }

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Starts the tool unless the run was cancelled before; then the supervisor is told to leave.
  func go(_ supervisor: ToolProcess) {
    state.withLock { state in
      guard !state.isCancelled else { return Self.close(&state) }
      state.supervisor = supervisor
      Self.send(.go, &state)
    }
  }

  /// Ends the tool gracefully, or keeps it from starting. May come at any time, more than once.
  func cancel() {
    state.withLock { state in
      guard !state.isCancelled else { return }
      state.isCancelled = true
      guard let supervisor = state.supervisor else { return }
      Self.send(.terminate, &state)
      // One that somebody stopped (SIGSTOP) would not read it: the run, and a drain, would wait for ever.
      if supervisor.isAlive { kill(supervisor.pid, SIGCONT) }
    }
  }

  /// Before ``go(_:)``: nothing starts. After it: everything is killed at once.
  func close() {
    state.withLock { Self.close(&$0) }
  }

  private static func send(_ order: Order, _ state: inout State) {
    guard let end = state.ourEnd else { return }
    // Two bytes at most are ever sent, so there is room. No SIGPIPE and no error when the supervisor is already gone.
    var byte = order.rawValue
    _ = Glibc.send(end.rawValue, &byte, 1, CInt(MSG_NOSIGNAL))
  }

  private static func close(_ state: inout State) {
    try? state.ourEnd?.close()
    state.ourEnd = nil
  }
}
