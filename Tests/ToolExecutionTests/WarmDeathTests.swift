import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// Whatever is cancelled or killed, nothing of a warm process is left.
@Suite struct WarmDeathTests {
  private static let stubborn =
    "ignore_sigterm(); daemonise('hidden'); send(progress=0.1); open('../ready', 'w'); sleep_forever()"

  @Test func `A cancelled request returns when its whole process tree is gone`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let run = Task { try await warm.run(Self.stubborn, logDirectory: "attempt-logs") }
    try await eventually("ready") { warm.fixture.exists("ready") }
    #expect(warm.survivors.count == 3)
    run.cancel()
    let report = try await run.value
    #expect(warm.survivors == [])
    #expect(report.stopReason == .terminated)
    #expect(report.failure(whenTerminated: .cancelled)?.kind == .cancelled)
    #expect(warm.tools.statistics.ended == [.cancelled: 1])
    #expect(warm.fixture.exists("attempt-logs/exit.json"))
    #expect(try await warm.run("answer()").failure() == nil)
    await warm.tools.close()
  }

  @Test func `A request that is cancelled while it waits for its turn never starts`() async throws {
    let warm = try WarmFixture()
    let first = Task { try await warm.run("open('../ready', 'w'); wait_for('../go on'); answer()") }
    try await eventually("ready") { warm.fixture.exists("ready") }
    let second = Task { try await warm.run("open('../second', 'w'); answer()") }
    try await eventually("the second waits") { warm.tools.statistics.waiting == 1 }
    second.cancel()
    let error = await #expect(throws: ToolError.self) { try await second.value }
    guard case .cancelledBeforeStart? = error else { throw error ?? .cancelledBeforeStart }
    #expect(warm.tools.statistics.waiting == 0)
    try warm.fixture.write("", to: "go on")
    #expect(try await first.value.failure() == nil)
    #expect(!warm.fixture.exists("second"))
    await warm.tools.close()
  }

  @Test func `A request that is cancelled just after its answer keeps its process from the next`() async throws {
    let warm = try WarmFixture()
    let request = try warm.request(
      """
      plain = send
      def send(**line):
          plain(**line)
          if 'ready' in line: open('../ready', 'w')
      ignore_sigterm(); answer(pid=os.getpid())
      """)
    let first = Task {
      try await warm.tools.run(
        warm.command, request, limits: WarmFixture.limits, onStart: { _, _ in },
        onMessage: { message in
          guard case .result = message else { return }
          do {
            try await eventually("it is cancelled") { warm.fixture.exists("cancelled") }
          } catch {
            Issue.record(error)
          }
        })
    }
    try await eventually("ready") { warm.fixture.exists("ready") }
    let second = Task { try await warm.run("answer(pid=os.getpid())") }
    try await eventually("the second waits") { warm.tools.statistics.waiting == 1 }
    first.cancel()
    try warm.fixture.write("", to: "cancelled")
    let answer = try await first.value.answer
    #expect(answer?.contains("pid") == true)
    let report = try await second.value
    #expect(report.failure() == nil)
    #expect(report.answer?.contains("pid") == true)
    #expect(report.answer != answer)
    #expect(warm.tools.statistics.ended == [.cancelled: 1])
    await warm.tools.close()
    #expect(warm.survivors == [])
  }

  @Test func `Requests that are cancelled at any moment leave a pool that works`() async throws {
    let warm = try WarmFixture(WarmOptions(maximum: 2))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<24 {
        group.addTask {
          let run = Task { try await warm.run("time.sleep(0.005); answer()") }
          try await Task.sleep(for: .milliseconds(number * 7 % 60))  // any moment, this is what is tested
          run.cancel()
          do { _ = try await run.value } catch ToolError.cancelledBeforeStart {}
        }
      }
      try await group.waitForAll()
    }
    #expect(try await warm.run("answer(well=1)").answer == "{\"well\": 1}")
    await warm.tools.close()
    #expect(warm.tools.statistics.living == 0)
    #expect(warm.survivors == [])
  }

  @Test func `A request whose supervisor is killed says so and leaves nothing`() async throws {
    let warm = try WarmFixture()
    let run = Task { try await warm.run(Self.stubborn) }
    try await eventually("ready") { warm.fixture.exists("ready") }
    kill(try #require(warm.started.first?.process.pid), SIGKILL)
    let error = await #expect(throws: ToolError.self) { try await run.value }
    guard case .supervisorDied(SIGKILL, let proof)? = error else { throw error ?? .cancelledBeforeStart }
    #expect(proof.killed.count >= 1)
    #expect(warm.survivors == [])
    #expect(try await warm.run("answer()").failure() == nil)
    await warm.tools.close()
  }

  @Test func `Another daemon ends a request by the run it finds recorded`() async throws {
    let warm = try WarmFixture()
    let run = Task { try await warm.run(Self.stubborn) }
    try await eventually("ready") { warm.fixture.exists("ready") }
    let reaper = ToolReaper(supervisor: warm.fixture.runner.supervisor)
    _ = try await reaper.reap(try #require(warm.started.first?.runID))
    #expect(warm.survivors == [])
    #expect(try await run.value.stopReason == .terminated)
  }

  @Test func `A killed daemon leaves neither a busy nor an idle warm process`() async throws {
    let fixture = try ToolFixture()
    let busy = "ignore_sigterm(); daemonise('hidden'); open('busy', 'w'); sleep_forever()"
    let tool = try fixture.python(
      """
      name = os.environ["STEPWORKS_RUN"][-4:]
      say('{"ready":{"resident_bytes":1}}')
      open("ready-" + name, "w")
      for line in sys.stdin:
          \(busy)
      """)
    let idleRun = fixture.runID.rawValue + "-idle"
    let busyRun = fixture.runID.rawValue + "-busy"
    let daemon = Process()
    try fixture.write(Self.daemon, to: "daemon.py")
    daemon.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    daemon.arguments = [
      "-S", "daemon.py", fixture.runner.supervisor.string, fixture.logDirectory.string, fixture.directory.string,
      tool.executable.string, idleRun, busyRun,
    ]
    daemon.currentDirectoryURL = URL(fileURLWithPath: fixture.directory.string)
    try daemon.run()
    defer { kill(daemon.processIdentifier, SIGKILL) }
    try await eventually("one is idle, one is busy") { fixture.exists("ready-idle") && fixture.exists("busy") }
    #expect(ToolFixture.processes(marked: idleRun).count == 2)
    #expect(ToolFixture.processes(marked: busyRun).count == 3)
    kill(daemon.processIdentifier, SIGKILL)
    daemon.waitUntilExit()
    try await eventually("nothing is left", within: .seconds(10)) {
      ToolFixture.processes(marked: idleRun).isEmpty && ToolFixture.processes(marked: busyRun).isEmpty
    }
    for run in [idleRun, busyRun] {
      #expect(fixture.text(of: "logs/\(run)/exit.json")?.contains("\"reason\":\"daemon_died\"") == true)
    }
  }

  /// Starts one supervisor a run and hands a request to the last, as orders.h of the supervisor says.
  private static let daemon = """
    import os, socket, subprocess, sys, time
    program, logs, directory, tool, *runs = sys.argv[1:]
    lines = []
    for run in runs:
        os.mkdir(logs + "/" + run)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        subprocess.Popen(
            [program, "--parent", str(os.getpid()), "--run", run, "--log-directory", logs + "/" + run,
             "--working-directory", directory, "--input-line-bytes", "4096", "--", tool],
            stdin=theirs, stdout=subprocess.DEVNULL, env={"STEPWORKS_RUN": run, "PATH": "/usr/bin:/bin"},
            start_new_session=True)
        theirs.close()
        ours.send(b"g")
        lines.append(ours)
    lines[-1].send(b"lwork\\n")
    while True: time.sleep(1000)
    """
}
