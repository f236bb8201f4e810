import Foundation
import SystemPackage
import Testing
import ToolExecution

@Suite struct ProcessorTests {
  @Test func `A tool sees the processors it was given and no others`() async throws {
    let last = try #require(Processors.usable().last)
    let fixture = try ToolFixture()
    let report = try await fixture.run(
      try fixture.python(
        "say(str(list(os.sched_getaffinity(0))))\nif os.fork() == 0: say(str(list(os.sched_getaffinity(0))))\nelse: os.wait()"
      ),
      limits: ToolLimits(processors: [last]))
    #expect(report.logTail == "[\(last)]\n[\(last)]\n")
  }

  @Test func `A tool without a choice has all processors of the worker`() async throws {
    let fixture = try ToolFixture()
    try await fixture.run(try fixture.python("print(*sorted(os.sched_getaffinity(0)), sep=',', end='')"))
    #expect(fixture.log == Processors.usable().map(String.init).joined(separator: ","))
  }

  @Test func `A processor that is not there is named before anything starts`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("touch started")
    let first = try #require(Processors.usable().first)
    let error = await #expect(throws: ToolError.self) {
      try await fixture.run(command, limits: ToolLimits(processors: [first, 1000]))
    }
    #expect(
      error?.description
        == "\(command.executable) can't have the processors \(first),1000: this worker may use \(Processors.list(Processors.usable()))."
    )
    await #expect(throws: ToolError.self) { try await fixture.run(command, limits: ToolLimits(processors: [])) }
    #expect(!fixture.exists("started"))
  }

  @Test func `The supervisor refuses processors that are not there or no list`() async throws {
    for (list, reason) in [
      ("1000", "set the processors: Invalid argument"), ("0,1000", "set the processors: Invalid argument"),
    ] {
      let fixture = try ToolFixture()
      let daemon = try StandInDaemon(
        fixture, tool: try fixture.shell("touch started"), sendsGo: true, options: ["--processors", list])
      try await eventually("the record is written") { fixture.exists("logs/exit.json") }
      #expect(fixture.text(of: "logs/exit.json")?.contains("\"error\":\"\(reason)\"") == true)
      #expect(!fixture.exists("started"))
      daemon.kill()
    }
    for list in ["", "a", "3-1", "1,", "-1", "99999"] {
      let fixture = try ToolFixture()
      let daemon = try StandInDaemon(
        fixture, tool: try fixture.shell("touch started"), sendsGo: true, options: ["--processors", list])
      try await eventually("the supervisor gave up") { fixture.text(of: "status") == "64" }
      daemon.kill()
    }
  }

  @Test(arguments: [([], "none"), ([3], "3"), ([0, 2, 3, 5, 6, 7], "0,2-3,5-7"), ([1, 0, 1], "0-1")])
  func `Processors are listed as the kernel does`(processors: [Int], list: String) {
    #expect(Processors.list(processors) == list)
  }
}
