import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// Runs in real cgroups. They need a hierarchy that this user may write; where there is none these tests fail and say
/// what is missing, because a test that passes itself over is missed by nobody.
@Suite struct CgroupTests {
  struct NoCgroups: Error, CustomStringConvertible {
    let description: String
  }

  static func runner(_ fixture: ToolFixture) throws -> ToolRunner {
    let cgroups = ToolCgroups.prepare(.automatic)
    if case .none(let reason) = cgroups { throw NoCgroups(description: reason) }
    return ToolRunner(supervisor: fixture.runner.supervisor, cgroups: cgroups)
  }

  static func cgroup(_ runner: ToolRunner, _ runID: ToolRunID) throws -> String {
    try #require(runner.cgroups.parent).appending("stepworks-\(runID)").string
  }

  private func run(
    _ fixture: ToolFixture, _ runner: ToolRunner, _ command: ToolCommand, memory: UInt64? = nil
  ) async throws(ToolError) -> ToolReport {
    try await runner.run(
      command, limits: ToolLimits(memoryBytes: memory, terminationGrace: .milliseconds(100)), runID: fixture.runID,
      logDirectory: fixture.logDirectory, onStart: { _ in }, onMessage: { _ in })
  }

  @Test func `A tool that needs more memory than its limit is killed and counts as out of memory`() async throws {
    let fixture = try ToolFixture()
    let runner = try Self.runner(fixture)
    let report = try await run(
      fixture, runner, try fixture.python("block = bytearray(200 << 20)"), memory: 64 << 20)
    #expect(report.ending == .signaled(SIGKILL))
    #expect(report.memoryLimitReached)
    #expect(report.cgroupTrouble == nil)
    #expect(report.failure()?.kind == .outOfMemory)
    #expect(
      report.failure()?.sentence == "tool was killed because it needed more memory than its limit of 64 MiB.")
    #expect(!FileManager.default.fileExists(atPath: try Self.cgroup(runner, fixture.runID)))
  }

  @Test func `The memory of all processes of a run counts together`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      for number in range(4):
          if os.fork() == 0:
              block = bytearray(40 << 20); open("filled-" + str(number), "w"); sleep_forever()
      for number in range(4):
          if os.wait()[1]: sys.exit(70)
      """)
    let report = try await run(fixture, try Self.runner(fixture), command, memory: 96 << 20)
    #expect(report.memoryLimitReached)
    #expect(report.failure()?.kind == .outOfMemory)
    #expect(fixture.survivors == [])
  }

  @Test func `A tool that stays below its limit does not notice it`() async throws {
    let fixture = try ToolFixture()
    let runner = try Self.runner(fixture)
    let command = try fixture.python("block = bytearray(30 << 20); say(open('/proc/self/cgroup').read())")
    let report = try await run(fixture, runner, command, memory: 128 << 20)
    #expect(report.ending == .exited(0))
    #expect(report.failure() == nil)
    #expect(!report.memoryLimitReached)
    #expect(fixture.log.contains("/stepworks-\(fixture.runID)\n"))
    #expect(!FileManager.default.fileExists(atPath: try Self.cgroup(runner, fixture.runID)))
  }

  @Test func `A request that takes a warm process over its limit counts as out of memory`() async throws {
    let runner = try Self.runner(try ToolFixture())
    let warm = try WarmFixture(runner: runner)
    let limits = ToolLimits(memoryBytes: 96 << 20, terminationGrace: .milliseconds(100))
    #expect(try await warm.run("answer()", limits: limits).failure() == nil)
    let report = try await warm.run("send(progress=0.1); block = bytearray(200 << 20)", limits: limits)
    #expect(report.failure()?.kind == .outOfMemory)
    #expect(try await warm.run("answer()", limits: limits).failure() == nil)
    await warm.tools.close()
    for start in warm.started {
      #expect(!FileManager.default.fileExists(atPath: try Self.cgroup(runner, start.runID)))
    }
  }

  @Test func `Cgroups that a tool made in its own go with it`() async throws {
    let fixture = try ToolFixture()
    let runner = try Self.runner(fixture)
    let own = try Self.cgroup(runner, fixture.runID)
    let command = try fixture.python("os.makedirs('\(own)/inner/most'); say('made')")
    let report = try await run(fixture, runner, command)
    #expect(report.ending == .exited(0))
    #expect(report.logTail == "made\n")
    #expect(!FileManager.default.fileExists(atPath: own))
  }

  @Test func `A run whose cgroup can't be made goes on, and its report says so`() async throws {
    let fixture = try ToolFixture()
    let runner = ToolRunner(
      supervisor: fixture.runner.supervisor, cgroups: .legacy(parent: fixture.directory.appending("gone")))
    let report = try await run(fixture, runner, try fixture.shell("exit 0"), memory: 64 << 20)
    #expect(report.failure() == nil)
    #expect(report.cgroupTrouble == "the cgroup can't be made: No such file or directory")
  }

  @Test func `A descendant that hides from the reaper is betrayed by its cgroup`() async throws {
    let fixture = try ToolFixture()
    let parent = try #require(try Self.runner(fixture).cgroups.parent)
    try await expectNoHiding(fixture, parent)
  }

  /// A version 2 hierarchy without the memory controller still kills.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/sys/fs/cgroup/unified/cgroup.procs")))
  func `A descendant that hides in a unified cgroup is killed with it`() async throws {
    try await expectNoHiding(try ToolFixture(), "/sys/fs/cgroup/unified")
  }

  private func expectNoHiding(_ fixture: ToolFixture, _ parent: FilePath) async throws {
    let cgroup = parent.appending("stepworks-\(fixture.runID)").string
    let tool = try fixture.shell(
      "env -i /usr/bin/setsid /bin/sh -c 'trap \"\" TERM; echo $$ > pid; mv pid ready; while :; do sleep 1000; done' &\n"
        + "wait")
    let daemon = try StandInDaemon(fixture, tool: tool, sendsGo: true, options: ["--cgroup", cgroup])
    try await eventually("ready") { fixture.exists("ready") }
    let pid = try #require(fixture.text(of: "ready").flatMap { Int32($0.dropLast()) })
    let hidden = try #require(ToolProcess(runningAs: pid))
    Glibc.kill(try await daemon.supervisor(), SIGKILL)
    daemon.kill()
    // The tool dies with its supervisor, and with it what led to the hidden one.
    try await eventually("the tool is dead") { fixture.survivors.isEmpty }
    #expect(hidden.isAlive)
    let proof = try await ToolReaper(supervisor: fixture.runner.supervisor).reap(fixture.runID)
    #expect(proof.killed.contains(pid))
    #expect(!hidden.isAlive)
    #expect(!FileManager.default.fileExists(atPath: cgroup))
  }

  @Test func `A run's cgroup goes when its daemon is killed`() async throws {
    let fixture = try ToolFixture()
    let cgroup = try Self.cgroup(try Self.runner(fixture), fixture.runID)
    let tool = try fixture.python("ignore_sigterm(); daemonise('hidden'); open('ready', 'w'); sleep_forever()")
    let daemon = try StandInDaemon(
      fixture, tool: tool, sendsGo: true, options: ["--cgroup", cgroup, "--memory-bytes", "100000000"])
    try await eventually("ready") { fixture.exists("ready") }
    #expect(FileManager.default.fileExists(atPath: cgroup))
    daemon.kill()
    try await eventually("nothing is left", within: .seconds(10)) { fixture.survivors.isEmpty }
    #expect(!FileManager.default.fileExists(atPath: cgroup))
  }
}
