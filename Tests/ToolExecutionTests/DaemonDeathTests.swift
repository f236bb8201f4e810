import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// When a daemon is killed with SIGKILL, nothing of its runs is left. Another process plays the daemon: it starts the
/// supervisor by the protocol that usage text and main.c state, and is killed.
@Suite struct DaemonDeathTests {
  private static let stubbornTool =
    "ignore_sigterm(); daemonise('first'); daemonise('second'); open('ready', 'w'); sleep_forever()"

  @Test func `A tool that ignores SIGTERM and its daemonised descendants die with the daemon`() async throws {
    let fixture = try ToolFixture()
    let daemon = try StandInDaemon(fixture, tool: try fixture.python(Self.stubbornTool), sendsGo: true)
    try await eventually("ready") { fixture.exists("ready") }
    #expect(fixture.survivors.count == 4)
    daemon.kill()
    try await eventually("nothing is left", within: .seconds(10)) { fixture.survivors.isEmpty }
    let record = try #require(fixture.text(of: "logs/exit.json"))
    #expect(record.contains("\"reason\":\"daemon_died\""))
    #expect(record.contains("\"signal\":9"))
    #expect(record.contains("\"tree_empty\":true"))
  }

  @Test func `Descendants without the run's environment die with the daemon`() async throws {
    let fixture = try ToolFixture()
    let tool = try fixture.shell(
      "env -i /usr/bin/setsid /bin/sh -c 'trap \"\" TERM; echo $$ > pid; mv pid ready; while :; do sleep 1000; done' &\n"
        + "wait")
    let daemon = try StandInDaemon(fixture, tool: tool, sendsGo: true)
    try await eventually("ready") { fixture.exists("ready") }
    let pid = try #require(fixture.text(of: "ready").flatMap { Int32($0.dropLast()) })
    let hidden = try #require(ToolProcess(runningAs: pid))
    daemon.kill()
    try await eventually("nothing is left", within: .seconds(10)) { fixture.survivors.isEmpty && !hidden.isAlive }
  }

  @Test func `Nothing starts when the daemon dies before it says go`() async throws {
    let fixture = try ToolFixture()
    let daemon = try StandInDaemon(fixture, tool: try fixture.shell("touch started"), sendsGo: false)
    try await eventually("the supervisor waits") { fixture.exists("logs/tool.log") }
    daemon.kill()
    try await eventually("nothing is left", within: .seconds(10)) { fixture.survivors.isEmpty }
    #expect(!fixture.exists("started"))
    #expect(!fixture.exists("logs/exit.json"))
  }

  @Test func `A killed daemon and a killed supervisor leave nothing that the reaper does not find`() async throws {
    let fixture = try ToolFixture()
    let daemon = try StandInDaemon(fixture, tool: try fixture.python(Self.stubbornTool), sendsGo: true)
    try await eventually("ready") { fixture.exists("ready") }
    let supervisor = try await daemon.supervisor()
    Glibc.kill(supervisor, SIGKILL)
    daemon.kill()
    let proof = try await ToolReaper(supervisor: fixture.runner.supervisor).reap(fixture.runID)
    #expect(fixture.survivors == [])
    #expect(proof.killed.count >= 2)
    #expect(proof.remaining == [])
    let again = try await ToolReaper(supervisor: fixture.runner.supervisor).reap(fixture.runID)
    #expect(again.killed == [])
  }

  @Test func `The reaper waits for a supervisor that is still at work`() async throws {
    let fixture = try ToolFixture()
    let daemon = try StandInDaemon(fixture, tool: try fixture.python(Self.stubbornTool), sendsGo: true)
    defer { daemon.kill() }
    try await eventually("ready") { fixture.exists("ready") }
    // The daemon lives, so without the reaper this run would go on for ever.
    let proof = try await ToolReaper(supervisor: fixture.runner.supervisor).reap(fixture.runID)
    #expect(proof.supervisorFound)
    #expect(proof.killed == [])
    #expect(fixture.survivors == [])
    #expect(fixture.exists("logs/exit.json"))
  }

  @Test func `A stopped supervisor is woken by the reaper to finish`() async throws {
    let fixture = try ToolFixture()
    let daemon = try StandInDaemon(fixture, tool: try fixture.python(Self.stubbornTool), sendsGo: true)
    try await eventually("ready") { fixture.exists("ready") }
    Glibc.kill(try await daemon.supervisor(), SIGSTOP)
    daemon.kill()
    let proof = try await ToolReaper(supervisor: fixture.runner.supervisor).reap(fixture.runID)
    #expect(proof.supervisorFound)
    #expect(proof.killed == [])
    #expect(fixture.survivors == [])
  }

  @Test func `The reaper leaves other runs alone`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("open('ready', 'w'); wait_for('go on'); sys.exit(9)")
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    let reaper = ToolReaper(supervisor: fixture.runner.supervisor)
    let beginning = try #require(ToolRunID(rawValue: String(fixture.runID.rawValue.dropLast())))
    let longer = try #require(ToolRunID(rawValue: fixture.runID.rawValue + "0"))
    for other in [beginning, longer] {
      let proof = try await reaper.reap(other)
      #expect(proof == ReapProof(runID: other, supervisorFound: false, killed: [], remaining: []))
    }
    try fixture.write("", to: "go on")
    #expect(try await run.value.ending == .exited(9))
  }

  @Test func `A run whose supervisor is killed says so and leaves nothing`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(Self.stubbornTool)
    let run = Task { try await fixture.run(command) }
    try await eventually("ready") { fixture.exists("ready") }
    Glibc.kill(try #require(fixture.process).pid, SIGKILL)
    let error = await #expect(throws: ToolError.self) { try await run.value }
    guard case .supervisorDied(let signal, let proof)? = error else { throw error ?? .cancelledBeforeStart }
    #expect(signal == SIGKILL)
    #expect(proof.killed.count >= 2)
    #expect(fixture.survivors == [])
  }
}
