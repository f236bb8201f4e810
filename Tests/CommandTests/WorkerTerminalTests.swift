import Glibc
import TestSupport
import Testing

/// `stepworks worker` at a terminal.
@Suite(.timeLimit(.minutes(1))) struct WorkerTerminalTests {
  @Test func `A worker whose terminal goes away drains`() throws {
    let workshop = try Workshop()
    let terminal = try PseudoTerminal(
      [
        "env", "-i", "PATH=/usr/bin:/bin", Workshop.program, "worker", "-d", workshop.database, "--step", "ping",
        "--status-port", "off",
      ], columns: 200)
    try terminal.wait { $0.contains("worker started") }
    terminal.signal(SIGHUP)
    #expect(terminal.finish() == 0)
  }
}
