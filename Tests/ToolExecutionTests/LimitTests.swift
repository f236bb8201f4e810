import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct LimitTests {
  @Test func `An allocation beyond the address space fails and counts as out of memory`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(
      try fixture.python("block = bytearray(1 << 30)"), limits: ToolLimits(addressSpaceBytes: 256 << 20))
    #expect(report.ending == .exited(1))
    #expect(report.failure()?.kind == .outOfMemory)
  }

  @Test func `A tool that computes beyond its CPU time is ended as timed out`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.shell("while :; do :; done"), limits: ToolLimits(cpuSeconds: 1))
    #expect(report.ending == .signaled(SIGXCPU))
    #expect(report.failure()?.kind == .timedOut)
    #expect(report.failure()?.sentence == "tool used more CPU time than its limit of 1 s.")
  }

  @Test func `A file beyond the size limit ends the tool`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(
      try fixture.shell("exec dd if=/dev/zero of=big bs=65536 count=64"), limits: ToolLimits(fileSizeBytes: 1 << 20))
    #expect(report.ending == .signaled(SIGXFSZ))
    #expect(report.failure()?.kind == .noSpace)
    #expect(fixture.size(of: "big") == 1 << 20)
  }

  @Test func `The logs may be longer than the files the tool may write`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(
      try fixture.shell("exec dd if=/dev/zero bs=65536 count=32 2>/dev/null"),
      limits: ToolLimits(fileSizeBytes: 1 << 10))
    #expect(report.ending == .exited(0))
    #expect(fixture.size(of: "logs/tool.log") == 2 << 20)
  }

  @Test func `A tool that runs too long is ended as timed out`() async throws {
    let fixture = try ToolFixture()
    let limits = ToolLimits(wallClock: .milliseconds(200), terminationGrace: .milliseconds(100))
    let report = try await fixture.run(try fixture.shell("while :; do echo busy; sleep 0.02; done"), limits: limits)
    #expect(report.stopReason == .wallClock)
    #expect(report.wall >= .milliseconds(200))
    #expect(report.failure()?.kind == .timedOut)
    #expect(report.failure()?.sentence == "tool was ended because it ran longer than its limit of 200 ms.")
  }

  @Test func `A tool that falls silent is ended as stalled`() async throws {
    let fixture = try ToolFixture()
    let limits = ToolLimits(silence: .milliseconds(200), terminationGrace: .milliseconds(100))
    let report = try await fixture.run(try fixture.shell("echo one; exec sleep 1000"), limits: limits)
    #expect(report.stopReason == .silence)
    #expect(report.failure()?.kind == .stalled)
    #expect(report.logTail == "one\n")
  }

  @Test func `Output on either stream keeps a tool from counting as silent`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      end = time.monotonic() + 2
      while time.monotonic() < end:
          say("out"); time.sleep(0.02); sys.stderr.write("err"); sys.stderr.flush()
      """)
    let report = try await fixture.run(command, limits: ToolLimits(silence: .seconds(1)))
    #expect(report.ending == .exited(0))
    #expect(report.stopReason == nil)
  }

  @Test func `A tool that closes its output is still watched`() async throws {
    let fixture = try ToolFixture()
    let limits = ToolLimits(silence: .milliseconds(200), terminationGrace: .milliseconds(100))
    let command = try fixture.shell("echo last words; exec >&- 2>&-; exec sleep 1000")
    let report = try await fixture.run(command, limits: limits)
    #expect(report.stopReason == .silence)
    #expect(report.logTail == "last words\n")
  }

  @Test func `A tool that closes its output and goes on ends normally`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.shell("exec >&- 2>&-; sleep 0.1; exit 7"))
    #expect(report.ending == .exited(7))
    #expect(report.stopReason == nil)
  }
}
