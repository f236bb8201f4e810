import Foundation
import Glibc
import SystemPackage
import ToolExecution

/// A process that is a supervisor's parent and can be killed.
final class StandInDaemon {
  private let process = Process()
  private let fixture: ToolFixture

  /// - Parameter options: more of the supervisor's own.
  init(_ fixture: ToolFixture, tool: ToolCommand, sendsGo: Bool, options: [String] = []) throws {
    self.fixture = fixture
    try fixture.write(Self.script, to: "daemon.py")
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments =
      ["-S", "daemon.py", fixture.runner.supervisor.string, fixture.runID.rawValue, sendsGo ? "g" : ""]
      + [fixture.logDirectory.string, fixture.directory.string, tool.executable.string] + options
    process.currentDirectoryURL = URL(fileURLWithPath: fixture.directory.string)
    try process.run()
  }

  deinit { kill() }

  func kill() {
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  func supervisor() async throws -> Int32 {
    try await eventually("supervisor") { fixture.exists("supervisor") }
    return try Int32(fixture.text(of: "supervisor") ?? "") ?? { throw TimedOut(description: "no pid") }()
  }

  private static let script = """
    import os, subprocess, sys, time
    program, run, go, logs, directory, tool, *options = sys.argv[1:]
    child = subprocess.Popen(
        [program, "--parent", str(os.getpid()), "--run", run, "--log-directory", logs,
         "--working-directory", directory, *options, "--", tool],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={"STEPWORKS_RUN": run, "PATH": "/usr/bin:/bin"}, start_new_session=True)
    with open("supervisor.part", "w") as file: file.write(str(child.pid))
    os.rename("supervisor.part", "supervisor")
    try:
        child.stdin.write(go.encode()); child.stdin.flush()
    except BrokenPipeError:
        pass
    status = child.wait()
    with open("status.part", "w") as file: file.write(str(status))
    os.rename("status.part", "status")
    while True: time.sleep(1000)
    """
}
