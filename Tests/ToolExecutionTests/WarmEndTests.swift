import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// Why a warm process is not given another request.
@Suite struct WarmEndTests {
  /// Runs a request and one more, and expects that a process was ended between them for this reason.
  private func expectEnd(
    _ end: WarmEnd, _ options: WarmOptions = WarmOptions(), start: String = "", after code: String,
    limits: ToolLimits = WarmFixture.limits
  ) async throws {
    let warm = try WarmFixture(options, start: start)
    _ = try await warm.run(code, limits: limits)
    try await warm.run("answer()")
    #expect(warm.tools.statistics.ended == [end: 1])
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
    #expect(warm.survivors == [])
  }

  @Test func `A process that has served its number of requests is replaced`() async throws {
    try await expectEnd(.requests, WarmOptions(requests: 1), after: "answer()")
  }

  @Test func `A process that is too old is replaced`() async throws {
    try await expectEnd(.age, WarmOptions(age: .milliseconds(500)), start: "time.sleep(0.5)", after: "answer()")
  }

  @Test func `A process that grew too much since its first answer is replaced`() async throws {
    let options = WarmOptions(growthShare: 0.5, growthBytes: 1 << 20)
    let warm = try WarmFixture(options)
    try await warm.run("resident = 10 << 20; answer()")
    try await warm.run("resident = 15 << 20; answer()")
    #expect(warm.tools.statistics.ended == [:])
    try await warm.run("resident = (15 << 20) + 1; answer()")
    try await warm.run("answer()")
    #expect(warm.tools.statistics.ended == [.memory: 1])
    await warm.tools.close()
  }

  @Test func `A process that answered with an error is replaced`() async throws {
    try await expectEnd(.failed, after: "fail('invalid_input', 'The file is empty.')")
  }

  @Test(arguments: ["{garbage", "{\"unknown\":1}"])
  func `A process that writes a line the protocol does not have is replaced`(line: String) async throws {
    try await expectEnd(.output, after: "say('\(line)'); answer()")
  }

  @Test(arguments: ["answer(); answer()", "pass"])
  func `A process that does not answer exactly once is replaced`(code: String) async throws {
    try await expectEnd(.output, after: code)
  }

  @Test func `A process that writes unasked is replaced`() async throws {
    let warm = try WarmFixture()
    try await warm.run(
      """
      import threading
      def chatter():
          wait_for('../go on'); send(log='info', message='still here')
      threading.Thread(target=chatter, daemon=True).start()
      answer()
      """)
    try warm.fixture.write("", to: "go on")
    try await eventually("the process is gone") { warm.tools.statistics.living == 0 }
    #expect(warm.tools.statistics.ended == [.output: 1])
    #expect(warm.messages.count == 1)
    await warm.tools.close()
  }

  @Test func `A process that has written the protocol lines of a whole run is replaced`() async throws {
    var limits = WarmFixture.limits
    limits.messageBytes = 1000
    let warm = try WarmFixture()
    try await warm.run("send(log='info', message='x' * 900); answer()", limits: limits)
    try await warm.run("answer()", limits: limits)
    #expect(warm.tools.statistics.ended == [.messages: 1])
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
  }

  @Test func `Other limits get another process, in the place of one that waits`() async throws {
    let processor = try #require(Processors.usable().last)
    var pinned = WarmFixture.limits
    pinned.processors = [processor]
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let report = try await warm.run("answer(processors=list(os.sched_getaffinity(0)))", limits: pinned)
    #expect(report.answer == "{\"processors\": [\(processor)]}")
    #expect(warm.tools.statistics.ended == [.mismatch: 1])
    await warm.tools.close()
  }

  @Test func `Processes for other processors wait beside each other where there is room`() async throws {
    let processor = try #require(Processors.usable().last)
    var pinned = WarmFixture.limits
    pinned.processors = [processor]
    let warm = try WarmFixture(WarmOptions(maximum: 2))
    for limits in [WarmFixture.limits, pinned, WarmFixture.limits, pinned] {
      try await warm.run("answer()", limits: limits)
    }
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
  }

  @Test func `A process without requests is ended after a while`() async throws {
    let warm = try WarmFixture(WarmOptions(idle: .milliseconds(50)))
    try await warm.run("answer()")
    try await eventually("the process is gone") { warm.tools.statistics.living == 0 }
    #expect(warm.tools.statistics.ended == [.idle: 1])
    #expect(warm.survivors == [])
    try await warm.run("answer()")
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
  }

  @Test func `A lower maximum ends processes that wait, a higher one lets more start`() async throws {
    let warm = try WarmFixture(WarmOptions(maximum: 1))
    warm.tools.setMaximum(2)
    let together = "open('../here-' + str(os.getpid()), 'w'); wait_for('../go on'); answer()"
    let runs = [Task { try await warm.run(together) }, Task { try await warm.run(together) }]
    try await eventually("two at once") { warm.tools.statistics.busy == 2 && warm.tools.statistics.waiting == 0 }
    try warm.fixture.write("", to: "go on")
    for run in runs { _ = try await run.value }
    #expect(warm.tools.statistics.living == 2)
    warm.tools.setMaximum(1)
    try await eventually("one is gone") { warm.tools.statistics.living == 1 }
    #expect(warm.tools.statistics.ended == [.surplus: 1])
    try await warm.run("answer()")
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
  }

  @Test func `A maximum that is lowered during a request ends its process after it`() async throws {
    let warm = try WarmFixture(WarmOptions(maximum: 2))
    let code = "wait_for('../go on'); answer()"
    let runs = [Task { try await warm.run(code) }, Task { try await warm.run(code) }]
    try await eventually("two at once") { warm.tools.statistics.busy == 2 }
    warm.tools.setMaximum(1)
    try warm.fixture.write("", to: "go on")
    for run in runs { #expect(try await run.value.failure() == nil) }
    try await eventually("one is gone") { warm.tools.statistics.living == 1 }
    #expect(warm.tools.statistics.ended == [.surplus: 1])
    await warm.tools.close()
  }

  @Test func `A process that dies while it waits is noticed, and the next request has another`() async throws {
    let warm = try WarmFixture()
    let pid = try await warm.pid()
    kill(pid, SIGKILL)
    try await eventually("it is noticed") { warm.tools.statistics.living == 0 }
    #expect(warm.tools.statistics.ended == [.died: 1])
    #expect(try await warm.pid() != pid)
    await warm.tools.close()
  }

  @Test func `What a process has started dies with it`() async throws {
    let warm = try WarmFixture()
    try await warm.run("daemonise('hidden'); answer()")
    #expect(warm.survivors.count == 3)
    await warm.tools.close()
    #expect(warm.survivors == [])
  }

  @Test func `A process that ignores the end of its input is killed`() async throws {
    let warm = try WarmFixture()
    try await warm.run("ignore_sigterm(); answer()\nsend(ready={'resident_bytes': 1})\nsleep_forever()")
    await warm.tools.close()
    #expect(warm.survivors == [])
  }
}
