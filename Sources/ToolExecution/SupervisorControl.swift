import Glibc
import Synchronization
import SystemPackage

/// The line to the supervisor's standard input: orders start the tool, hand it requests and end it, and its closing, by
/// us or by the kernel when the daemon dies, kills it. See orders.h of the supervisor.
///
/// A line, not signals, so that a cancellation that comes late can't hit a reused pid.
final class SupervisorControl: Sendable {
  private enum Order: UInt8 {
    case go = 0x67  // g
    case terminate = 0x74  // t
    case line = 0x6C  // l
    case rest = 0x69  // i
    case closeInput = 0x63  // c
  }

  /// Of a line for a warm tool, its end included: what a pipe takes whole or not at all (PIPE_BUF), in bytes.
  static let longestLine = 4096

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
    // Packets, so that the supervisor reads one order at a time.
    let type = CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
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
      Self.send(.go, to: &state)
    }
  }

  /// Ends the tool gracefully, or keeps it from starting. May come at any time, more than once.
  func cancel() {
    state.withLock { state in
      guard !state.isCancelled else { return }
      state.isCancelled = true
      guard let supervisor = state.supervisor else { return }
      Self.send(.terminate, to: &state)
      // One that somebody stopped (SIGSTOP) would not read it: the run, and a drain, would wait for ever.
      if supervisor.isAlive { kill(supervisor.pid, SIGCONT) }
    }
  }

  /// Hands a warm tool a request; the limits in time count from now.
  /// - Parameter line: ends with a newline, ``longestLine`` bytes at most.
  func hand(_ line: [UInt8]) {
    state.withLock { Self.send(.line, line, to: &$0) }
  }

  /// The request was answered: the limits in time rest until the next one.
  func rest() {
    state.withLock { Self.send(.rest, to: &$0) }
  }

  /// A warm tool that reads the end of its input leaves.
  func closeInput() {
    state.withLock { Self.send(.closeInput, to: &$0) }
  }

  /// Before ``go(_:)``: nothing starts. After it: everything is killed at once.
  func close() {
    state.withLock { Self.close(&$0) }
  }

  private static func send(_ order: Order, _ content: [UInt8] = [], to state: inout State) {
    guard let end = state.ourEnd else { return }
    let packet = [order.rawValue] + content
    // Never waits: a few orders at most are under way, so there is room unless the supervisor is stopped and will never
    // read, and then closing the line is the only order left. No SIGPIPE when it is already gone.
    let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)
    if Glibc.send(end.rawValue, packet, packet.count, flags) < 0, errno == EAGAIN { close(&state) }
  }

  private static func close(_ state: inout State) {
    try? state.ourEnd?.close()
    state.ourEnd = nil
  }
}
