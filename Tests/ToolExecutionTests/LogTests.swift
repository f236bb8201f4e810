import SystemPackage
import Testing
import ToolExecution

@Suite struct LogTests {
  @Test func `A hundred megabytes of output leave a bounded log that keeps the end`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      block = ("x" * 99 + "\\n") * 10000
      for i in range(100): sys.stdout.write(block)
      say("the end")
      """)
    let report = try await fixture.run(command, limits: ToolLimits(logBytes: 1 << 20))
    #expect(report.ending == .exited(0))
    #expect(report.logTail.hasSuffix("x\nthe end\n"))
    #expect(report.logTail.utf8.count <= 4096)
    let kept = fixture.size(of: "logs/tool.log") + fixture.size(of: "logs/tool.log.1")
    #expect(kept <= 1 << 20)
    #expect(kept >= 1 << 19)
  }

  @Test func `A line of ten megabytes is just output`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.python("sys.stdout.write('y' * 10_000_000); say('')"))
    #expect(report.ending == .exited(0))
    #expect(report.stopReason == nil)
    #expect(report.logTail.hasSuffix("yyy\n"))
  }

  @Test func `A protocol line of ten megabytes ends the run`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      "say('{\"log\":\"info\",\"message\":\"' + 'z' * 10_000_000 + '\"}'); sleep_forever()")
    let report = try await fixture.run(command)
    #expect(report.stopReason == .outputLimit)
    #expect(report.failure()?.kind == .toolFailed)
    #expect(fixture.messages == [])
    #expect(fixture.size(of: "logs/messages.jsonl") == 0)
  }

  @Test func `Too many protocol lines end the run and the first ones are kept`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python("while True: say('{\"progress\":0.5}')")
    let report = try await fixture.run(command, limits: ToolLimits(terminationGrace: .zero, messageBytes: 1710))
    #expect(report.stopReason == .outputLimit)
    #expect(fixture.messages.count == 100)
    #expect(fixture.size(of: "logs/messages.jsonl") == 1700)
  }

  @Test func `Standard error and plain lines go to the log and protocol lines do not`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("echo plain; echo '{\"progress\":1}'; echo ' {indented}'; echo oops >&2")
    let report = try await fixture.run(command)
    #expect(report.logTail.split(separator: "\n").sorted() == [" {indented}", "oops", "plain"])
    #expect(fixture.text(of: "logs/messages.jsonl") == "{\"progress\":1}\n")
  }

  @Test func `Output that is no UTF-8 is repaired`() async throws {
    let fixture = try ToolFixture()
    let report = try await fixture.run(try fixture.shell("printf 'a\\377b'"))
    #expect(report.logTail == "a\u{FFFD}b")
  }

  @Test func `A log directory takes one run only`() async throws {
    let fixture = try ToolFixture()
    try await fixture.run(try fixture.shell("echo first"))
    await #expect {
      try await fixture.run(try fixture.shell("echo second; touch second"))
    } throws: { error in
      guard case ToolError.logDirectoryUnusable(_, let reason) = error else { return false }
      return reason.contains("already holds a run")
    }
    #expect(fixture.log == "first\n")
    #expect(!fixture.exists("second"))
  }
}
