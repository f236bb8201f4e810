import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// A request that fails: what it is called, what is left of its process, where the logs are.
@Suite struct WarmFailureTests {
  private static let quick = ToolLimits(terminationGrace: .milliseconds(100))

  @Test(arguments: [
    ("'invalid_input', 'Bad.'", ToolFailureKind.invalidInput, 65), ("'missing_input', 'Bad.'", .missingInput, 66),
    ("'missing_tool', 'Bad.'", .missingTool, 69), ("'tool_failed', 'Bad.'", .toolFailed, 70),
    ("'tool_failed', 'Bad.', exit=75", .toolFailed, 75), ("None, 'Bad.', exit=65", .invalidInput, 65),
  ])
  func `An error that a tool names counts as the exit it stands for`(
    error: String, kind: ToolFailureKind, exit: Int
  ) async throws {
    let warm = try WarmFixture()
    let report = try await warm.run("fail(\(error))")
    #expect(report.ending == .exited(Int32(exit)))
    #expect(report.failure()?.kind == kind)
    #expect(report.failure()?.sentence.hasPrefix("Bad.") == true)
    #expect(report.failure()?.asksForLater == (exit == 75))
    #expect(warm.survivors == [])
    #expect(warm.tools.statistics.living == 0)
  }

  @Test func `The logs of a failed request go to those of its attempt`() async throws {
    let warm = try WarmFixture()
    let report = try await warm.run("say('last words'); fail('tool_failed', 'Bad.')", logDirectory: "attempt-logs")
    #expect(report.failure()?.sentence == "Bad.")
    #expect(warm.fixture.text(of: "attempt-logs/tool.log") == "last words\n")
    #expect(warm.fixture.exists("attempt-logs/messages.jsonl"))
    #expect(warm.fixture.exists("attempt-logs/exit.json"))
    await warm.tools.close()
  }

  @Test func `Logs that belong to no attempt are kept, the sentence says where, and the oldest go`() async throws {
    let warm = try WarmFixture(WarmOptions(keptLogs: 2))
    for number in 1...3 {
      let report = try await warm.run("say('\(number)'); fail('tool_failed', 'Bad.')")
      let logs = warm.fixture.directory.appending("warm/failed-\(warm.started[number - 1].runID)")
      #expect(report.failure()?.sentence == "Bad. Its log is in \(logs).")
      #expect(warm.fixture.text(of: "warm/failed-\(warm.started[number - 1].runID)/tool.log") == "\(number)\n")
    }
    let kept = try FileManager.default.contentsOfDirectory(atPath: warm.fixture.directory.appending("warm").string)
    #expect(kept.filter { $0.hasPrefix("failed-") }.count == 2)
    await warm.tools.close()
  }

  @Test func `Nothing is kept of a process that did its work`() async throws {
    let warm = try WarmFixture()
    try await warm.run("say('hello'); answer()", logDirectory: "attempt-logs")
    await warm.tools.close()
    let entries = try FileManager.default.subpathsOfDirectory(atPath: warm.fixture.directory.appending("warm").string)
    #expect(entries.filter { $0.contains("failed-") || $0.contains("warm-") } == [])
    #expect(!warm.fixture.exists("attempt-logs/tool.log"))
  }

  @Test func `A crash is reported with its signal and last line`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let report = try await warm.run("send(progress=0.1); say('oh no'); os.kill(os.getpid(), signal.SIGSEGV)")
    #expect(report.ending == .signaled(SIGSEGV))
    #expect(report.failure()?.kind == .toolCrashed)
    #expect(report.logTail == "oh no\n")
    #expect(report.result == nil)
    #expect(warm.tools.statistics.started == 1)
    #expect(warm.survivors == [])
    #expect(try await warm.run("answer()").failure() == nil)
    await warm.tools.close()
  }

  @Test func `A used process that dies of a request without a word is forgiven once`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let report = try await warm.run(
      """
      if not os.path.exists('../tried'):
          open('../tried', 'w'); os.kill(os.getpid(), signal.SIGKILL)
      answer(tried=1)
      """)
    #expect(report.answer == "{\"tried\": 1}")
    #expect(warm.tools.statistics.started == 2)
    // Recorded again: the first process is no longer the one to end.
    #expect(Set(warm.started.map(\.runID)).count == 2)
    #expect(warm.started.count == 3)
    await warm.tools.close()
  }

  @Test func `A fresh process that dies without a word counts`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let report = try await warm.run("open('../tries', 'a').write('x'); os.kill(os.getpid(), signal.SIGSEGV)")
    #expect(report.ending == .signaled(SIGSEGV))
    #expect(warm.fixture.text(of: "tries") == "xx")
    #expect(try await warm.run("open('../tries', 'a').write('x'); os.abort()").ending == .signaled(SIGABRT))
    #expect(warm.fixture.text(of: "tries") == "xxx")
    #expect(warm.survivors == [])
  }

  @Test func `A tool that can't start says why, as any tool`() async throws {
    let warm = try WarmFixture(start: "send(error={'class': 'missing_tool', 'message': 'No Blender.'}); sys.exit(69)")
    let report = try await warm.run("answer()")
    #expect(report.ending == .exited(69))
    #expect(report.failure()?.kind == .missingTool)
    #expect(report.failure()?.sentence.hasPrefix("No Blender.") == true)
    #expect(warm.tools.statistics.living == 0)
  }

  @Test func `A missing tool is named before anything starts`() async throws {
    let warm = try WarmFixture()
    let error = await #expect(throws: ToolError.self) {
      try await warm.tools.run(
        WarmCommand(executable: "/nowhere/stepworks-render", arguments: ["--serve"]), warm.request("answer()"),
        limits: WarmFixture.limits, onStart: { _, _ in }, onMessage: { _ in })
    }
    #expect(error?.failure().kind == .missingTool)
    #expect(warm.tools.statistics.living == 0)
    #expect(try await warm.run("answer()").failure() == nil)
    await warm.tools.close()
  }

  @Test func `A tool that does not read its requests is ended`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer(); os.close(0); send(ready={'resident_bytes': 1}); sleep_forever()")
    let report = try await warm.run("answer(done=1)")
    #expect(report.answer == "{\"done\": 1}")
    #expect(warm.tools.statistics.started == 2)
    #expect(warm.tools.statistics.ended[.died] == 1)
    await warm.tools.close()
  }

  @Test func `Each request has the whole wall clock limit for itself`() async throws {
    let warm = try WarmFixture()
    let limits = ToolLimits(wallClock: .seconds(2), terminationGrace: .milliseconds(100))
    for _ in 1...4 { #expect(try await warm.run("time.sleep(0.6); answer()", limits: limits).failure() == nil) }
    #expect(warm.tools.statistics.started == 1)
    let report = try await warm.run("while True: send(progress=0.1); time.sleep(0.02)", limits: limits)
    #expect(report.stopReason == .wallClock)
    #expect(report.failure()?.kind == .timedOut)
    #expect(report.wall >= .seconds(2))
    #expect(report.wall < .seconds(20))
    #expect(warm.survivors == [])
  }

  @Test func `A request that falls silent is ended as stalled; a process that waits may be silent`() async throws {
    let warm = try WarmFixture()
    let limits = ToolLimits(silence: .seconds(1), terminationGrace: .milliseconds(100))
    let pid = try await warm.run("answer(pid=os.getpid())", limits: limits).answer
    let supervisor = try #require(warm.started.first?.process)
    try await Task.sleep(for: .seconds(2))  // twice the limit: this is what is tested
    #expect(supervisor.isAlive)
    #expect(try await warm.run("answer(pid=os.getpid())", limits: limits).answer == pid)
    let report = try await warm.run("send(progress=0.1); sleep_forever()", limits: limits)
    #expect(report.stopReason == .silence)
    #expect(report.failure()?.kind == .stalled)
    #expect(warm.survivors == [])
  }

  @Test func `A process that never becomes ready is ended as stalled`() async throws {
    let warm = try WarmFixture(start: "sleep_forever()")
    let limits = ToolLimits(silence: .milliseconds(300), terminationGrace: .milliseconds(100))
    #expect(try await warm.run("answer()", limits: limits).stopReason == .silence)
    #expect(warm.survivors == [])
  }

  @Test func `Too many protocol lines end a request`() async throws {
    let warm = try WarmFixture()
    var limits = Self.quick
    limits.messageBytes = 2000
    let report = try await warm.run("while True: send(log='info', message='x' * 100)", limits: limits)
    #expect(report.stopReason == .outputLimit)
    #expect(warm.survivors == [])
  }
}
