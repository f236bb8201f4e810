import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct WarmToolTests {
  @Test func `Requests follow one another on one process, each in its directory`() async throws {
    let warm = try WarmFixture()
    let code = "open('out', 'w').write('x'); answer(pid=os.getpid(), colour=os.environ['COLOUR'])"
    let first = try await warm.run(code)
    let second = try await warm.run(code)
    #expect(first.answer == second.answer)
    #expect(first.answer?.contains("\"colour\": \"brass\"") == true)
    #expect(first.ending == .exited(0))
    #expect(first.failure() == nil)
    #expect(warm.fixture.exists("attempt-1/out"))
    #expect(warm.fixture.exists("attempt-2/out"))
    #expect(warm.tools.statistics.started == 1)
    #expect(warm.tools.statistics.served == 2)
    await warm.tools.close()
    #expect(warm.survivors == [])
  }

  @Test func `Two hundred requests are served by one process, the next by another`() async throws {
    let warm = try WarmFixture()
    for number in 1...200 {
      let report = try await warm.run("answer(number=\(number))")
      #expect(report.answer == "{\"number\": \(number)}")
    }
    #expect(warm.tools.statistics.started == 1)
    try await warm.run("answer()")
    #expect(warm.tools.statistics.started == 2)
    #expect(warm.tools.statistics.ended == [.requests: 1])
    await warm.tools.close()
  }

  @Test func `A request is recorded with its process before the tool sees it`() async throws {
    let warm = try WarmFixture()
    try await warm.run("answer()")
    let request = try warm.request("open('seen', 'w'); answer()")
    _ = try await warm.tools.run(
      warm.command, request, limits: WarmFixture.limits,
      onStart: { process, runID in
        #expect(process.isAlive)
        #expect(process == warm.started.first?.process)
        #expect(runID == warm.started.first?.runID)
        #expect(ToolFixture.processes(marked: runID.rawValue).contains(process.pid))
        #expect(!warm.fixture.exists("attempt-2/seen"))
      }, onMessage: { _ in })
    #expect(warm.fixture.exists("attempt-2/seen"))
    await warm.tools.close()
  }

  @Test func `A request that can't be recorded is not handed over, and its process serves on`() async throws {
    struct NoSuchTable: Error {}
    let warm = try WarmFixture()
    for isFresh in [true, false] {
      let request = try warm.request("open('seen', 'w'); answer()")
      let error = await #expect(throws: ToolError.self) {
        try await warm.tools.run(
          warm.command, request, limits: WarmFixture.limits, onStart: { _, _ in throw NoSuchTable() },
          onMessage: { _ in })
      }
      guard case .recordingFailed(let reason)? = error, reason is NoSuchTable else { throw NoSuchTable() }
      #expect(!FileManager.default.fileExists(atPath: request.directory.appending("seen").string))
      if isFresh { try await warm.run("answer()") }
    }
    #expect(try await warm.run("answer()").failure() == nil)
    #expect(warm.tools.statistics.started == 2)
    await warm.tools.close()
  }

  @Test func `Messages come in order and belong to their request`() async throws {
    let warm = try WarmFixture()
    try await warm.run("send(progress=0.5); send(log='warning', message='first'); answer()")
    try await warm.run("send(progress=0.7, message='second'); answer()")
    #expect(
      warm.messages.filter { if case .result = $0 { false } else { true } } == [
        .progress(fraction: 0.5, message: nil), .log(level: "warning", message: "first"),
        .progress(fraction: 0.7, message: "second"),
      ])
    await warm.tools.close()
  }

  @Test func `The costs of a request are its own`() async throws {
    let warm = try WarmFixture()
    let busy = try await warm.run(
      "block = bytearray(90_000_000); end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ndel block; answer()"
    )
    #expect(busy.userCPU + busy.systemCPU >= .milliseconds(280))
    #expect(busy.wall >= .milliseconds(280))
    #expect(busy.peakResidentBytes > 90_000_000)
    #expect(busy.startedAtMilliseconds > 1_700_000_000_000)
    let idle = try await warm.run("answer()")
    #expect(idle.userCPU + idle.systemCPU < .milliseconds(280))
    #expect(idle.wall < busy.wall)
    #expect(idle.peakResidentBytes < 90_000_000)
    await warm.tools.close()
  }

  @Test func `The log of a request is its own`() async throws {
    let warm = try WarmFixture()
    #expect(try await warm.run("say('No space left on device'); answer()").logTail == "No space left on device\n")
    let report = try await warm.run("say('second'); fail('tool_failed', 'It broke.')")
    #expect(report.logTail == "second\n")
    #expect(report.failure()?.kind == .toolFailed)
    await warm.tools.close()
  }

  @Test func `A request that does not fit into a line is refused before anything starts`() async throws {
    let warm = try WarmFixture()
    let long = FilePath("/" + String(repeating: "x", count: 4090))
    let error = await #expect(throws: ToolError.self) {
      try await warm.tools.run(
        warm.command, WarmRequest(request: "/request", directory: long), limits: WarmFixture.limits,
        onStart: { _, _ in }, onMessage: { _ in })
    }
    #expect(error?.description.contains("is longer than 4096 bytes") == true)
    #expect(warm.tools.statistics.started == 0)
  }

  @Test func `The longest line that is allowed arrives`() async throws {
    let warm = try WarmFixture()
    let code = try warm.request("answer(length=len(line))")
    var missing =
      4096 - "{\"directory\":\"\",\"request\":\"\(code.request)\"}\n".utf8.count - code.directory.string.utf8.count
    // The same directory, by names as long as one likes.
    var detour = ""
    if missing % 2 == 1 { detour += "/../attempt-1" }
    missing -= detour.utf8.count
    detour += String(repeating: "/.", count: missing / 2)
    let report = try await warm.tools.run(
      warm.command,
      WarmRequest(request: code.request, directory: FilePath(code.directory.string + detour)),
      limits: WarmFixture.limits, onStart: { _, _ in }, onMessage: { _ in })
    #expect(report.answer == "{\"length\": 4096}")
    await warm.tools.close()
  }

  @Test func `No more processes live than the maximum, and requests wait their turn`() async throws {
    let warm = try WarmFixture(WarmOptions(maximum: 2))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          try await warm.run("open('../running-' + str(os.getpid()), 'w'); time.sleep(0.01); answer()")
          #expect(warm.tools.statistics.living <= 2)
        }
      }
      try await group.waitForAll()
    }
    #expect(warm.tools.statistics.started == 2)
    #expect(warm.tools.statistics.served == 8)
    await warm.tools.close()
    #expect(warm.tools.statistics.living == 0)
  }

  @Test func `A closed pool lets its request finish and refuses new ones`() async throws {
    let warm = try WarmFixture()
    let run = Task { try await warm.run("open('../ready', 'w'); wait_for('../go on'); answer(done=1)") }
    try await eventually("ready") { warm.fixture.exists("ready") }
    async let closed: Void = warm.tools.close()
    try await eventually("the pool refuses") { warm.tools.isClosed }
    try warm.fixture.write("", to: "go on")
    #expect(try await run.value.answer == "{\"done\": 1}")
    await closed
    let error = await #expect(throws: ToolError.self) { try await warm.run("answer()") }
    guard case .cancelledBeforeStart? = error else { throw error ?? .cancelledBeforeStart }
    #expect(warm.survivors == [])
    #expect(!warm.fixture.exists("warm/failed-\(warm.started[0].runID)"))
  }
}
