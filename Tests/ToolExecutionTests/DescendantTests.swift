import Glibc
import SystemPackage
import Testing
import ToolExecution

/// Double-forked processes in sessions of their own that ignore SIGTERM die with their run, however it ends.
@Suite struct DescendantTests {
  private static let twoDaemons = "daemonise('first'); daemonise('second')\n"

  @Test func `Daemonised descendants are killed after a normal exit and counted`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.python(Self.twoDaemons + "sys.exit(0)"))
    #expect(report.ending == .exited(0))
    #expect(report.stopReason == nil)
    #expect(report.strayDescendants == 2)
    #expect(fixture.survivors == [])
  }

  @Test func `Daemonised descendants are killed after a cancellation`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(Self.twoDaemons + "open('ready', 'w'); ignore_sigterm(); sleep_forever()")
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    #expect(fixture.survivors.count == 4)
    run.cancel()
    let report = try await run.value
    #expect(report.stopReason == .terminated)
    #expect(fixture.survivors == [])
  }

  @Test func `Daemonised descendants are killed at the wall clock limit`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(Self.twoDaemons + "ignore_sigterm(); sleep_forever()")
    let limits = ToolLimits(wallClock: .seconds(1), terminationGrace: .milliseconds(100))
    let report = try await fixture.run(command, limits: limits)
    #expect(report.stopReason == .wallClock)
    #expect(report.ending == .signaled(SIGKILL))
    #expect(fixture.survivors == [])
  }

  @Test func `Descendants without the run's environment are killed too`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell(
      "env -i /usr/bin/setsid /bin/sh -c 'trap \"\" TERM; echo $$ > pid; mv pid ready; while :; do sleep 1000; done' &\n"
        + "while [ ! -e ready ]; do sleep 0.01; done")
    let report = try await fixture.run(command)
    #expect(report.ending == .exited(0))
    #expect(report.strayDescendants >= 1)
    let pid = try #require(fixture.text(of: "ready").flatMap { Int32($0.dropLast()) })
    #expect(kill(pid, 0) == -1)
  }

  @Test func `A grandchild that keeps the pipes open does not hold up the end`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("daemonise('first'); say('{\"result\":{\"done\":true}}')")
    let report = try await fixture.run(command, limits: ToolLimits(terminationGrace: .milliseconds(100)))
    #expect(report.ending == .exited(0))
    #expect(report.result.map { String(decoding: $0, as: UTF8.self) } == "{\"done\":true}")
    #expect(report.wall < .seconds(20))
  }

  @Test func `A chain of processes that fork faster than they can be listed is caught`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      ignore_sigterm()
      while True:
          if os.fork(): os._exit(0)
          os.setsid()
      """)
    let report = try await fixture.run(command, limits: ToolLimits(terminationGrace: .milliseconds(50)))
    #expect(report.ending == .exited(0))
    #expect(report.wall < .seconds(20))
    #expect(fixture.survivors == [])
  }

  @Test func `A deep and wide tree is killed to the last process`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      ignore_sigterm()
      for level in range(5):
          os.fork()
          os.setpgid(0, 0) if level % 2 and os.getpid() != os.getsid(0) else None
      with open("all", "a") as file: file.write("x")
      sleep_forever()
      """)
    let run = Task { try await fixture.run(command, limits: ToolLimits(terminationGrace: .milliseconds(50))) }
    try await eventually("32 processes") { fixture.size(of: "all") == 32 }
    run.cancel()
    let report = try await run.value
    #expect(report.ending == .signaled(SIGKILL))
    #expect(fixture.survivors == [])
  }
}
