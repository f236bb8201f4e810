import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct EndingTests {
  @Test func `An exit status and the costs of a run are reported`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      block = bytearray(60_000_000)
      end = time.process_time() + 0.1
      while time.process_time() < end: pass
      sys.exit(70)
      """)
    let report = try await fixture.run(command)
    #expect(report.ending == .exited(70))
    #expect(report.stopReason == nil)
    #expect(report.peakResidentBytes > 60_000_000)
    #expect(report.peakResidentBytes < 400_000_000)
    #expect(report.userCPU + report.systemCPU >= .milliseconds(100))
    #expect(report.wall >= .milliseconds(100))
    #expect(report.strayDescendants == 0)
    #expect(report.startedAtMilliseconds > 1_700_000_000_000)
    #expect(fixture.survivors == [])
  }

  @Test func `The memory and CPU time of children count too`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      if os.fork() == 0:
          block = bytearray(80_000_000)
          end = time.process_time() + 0.2
          while time.process_time() < end: pass
          os._exit(0)
      os.wait()
      """)
    let report = try await fixture.run(command)
    #expect(report.ending == .exited(0))
    #expect(report.peakResidentBytes > 80_000_000)
    #expect(report.userCPU + report.systemCPU >= .milliseconds(200))
  }

  @Test func `A tool that dies of a signal is reported with it`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.shell("echo about to crash; kill -SEGV $$"))
    #expect(report.ending == .signaled(SIGSEGV))
    #expect(report.stopReason == nil)
    #expect(report.failure()?.kind == .toolCrashed)
    #expect(report.logTail == "about to crash\n")
  }

  @Test func `A cancelled run ends with SIGTERM and still gives its report`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      def end(*_):
          say("saved"); sys.exit(3)
      signal.signal(signal.SIGTERM, end)
      open("ready", "w")
      sleep_forever()
      """)
    let run = Task { try await fixture.run(command, limits: ToolLimits(terminationGrace: .seconds(30))) }
    try await eventually("ready") { fixture.exists("ready") }
    run.cancel()
    let report = try await run.value
    #expect(report.ending == .exited(3))
    #expect(report.stopReason == .terminated)
    #expect(report.logTail == "saved\n")
    #expect(report.failure(whenTerminated: .cancelled)?.kind == .cancelled)
    #expect(report.wall < .seconds(30))
    #expect(fixture.survivors == [])
  }

  @Test func `A cancelled run ends although somebody has stopped its supervisor`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("touch ready; exec sleep 1000")
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    kill(try #require(fixture.process).pid, SIGSTOP)
    run.cancel()
    #expect(try await run.value.stopReason == .terminated)
    #expect(fixture.survivors == [])
  }

  @Test func `A tool that ignores SIGTERM is killed after the grace`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("ignore_sigterm(); open('ready', 'w'); sleep_forever()")
    let run = Task { try await fixture.run(command, limits: ToolLimits(terminationGrace: .milliseconds(300))) }
    try await eventually("ready") { fixture.exists("ready") }
    let cancelled = ContinuousClock.now
    run.cancel()
    let report = try await run.value
    #expect(report.ending == .signaled(SIGKILL))
    #expect(report.stopReason == .terminated)
    #expect(ContinuousClock.now - cancelled >= .milliseconds(300))
    #expect(fixture.survivors == [])
  }

  @Test func `A stopped tool is woken to end within its grace`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell(
      "trap 'echo woken; exit 4' TERM; echo x > ready; kill -STOP $$; while :; do sleep 0.01; done")
    let run = Task { try await fixture.run(command, limits: ToolLimits(terminationGrace: .seconds(30))) }
    try await eventually("ready") { fixture.exists("ready") }
    run.cancel()
    let report = try await run.value
    #expect(report.ending == .exited(4))
  }

  @Test func `SIGINT and SIGHUP do not stop a supervisor`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("open('ready', 'w'); wait_for('go on'); sys.exit(5)")
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    let supervisor = try #require(fixture.process)
    kill(supervisor.pid, SIGINT)
    kill(supervisor.pid, SIGHUP)
    try fixture.write("", to: "go on")
    let report = try await run.value
    #expect(report.ending == .exited(5))
    #expect(report.stopReason == nil)
  }

  @Test func `SIGTERM to the supervisor ends the run as asked from outside`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("open('ready', 'w'); sleep_forever()")
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    kill(try #require(fixture.process).pid, SIGTERM)
    let report = try await run.value
    #expect(report.ending == .signaled(SIGTERM))
    #expect(report.stopReason == .terminated)
  }
}
