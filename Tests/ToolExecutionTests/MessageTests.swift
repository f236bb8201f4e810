import Foundation
import Testing
import ToolExecution

@Suite struct MessageTests {
  @Test func `Messages arrive in order while the tool runs`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      say('{"progress":0.25,"message":"first quarter"}')
      wait_for('heard')
      say('{"log":"warning","message":"h\\\\u00e9"}')
      say('{"result":{"files":["a.glb"],"mass":1.50}}')
      """)
    let report = try await fixture.run(command) { message in
      if case .progress = message { try? fixture.write("", to: "heard") }
    }
    #expect(report.ending == .exited(0))
    #expect(
      fixture.messages == [
        .progress(fraction: 0.25, message: "first quarter"),
        .log(level: "warning", message: "hé"),
        .result(Data(#"{"files":["a.glb"],"mass":1.50}"#.utf8)),
      ])
    #expect(report.result == Data(#"{"files":["a.glb"],"mass":1.50}"#.utf8))
  }

  @Test func `Nonsense between the messages is skipped`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell(
      #"""
      echo '{'
      echo '{not json}'
      printf '{"log":"info","message":"\377"}\n'
      echo '{"progress":"half"}'
      echo '{"result":[1]}'
      printf '{"error":{"class":"invalid_input","message":"no shape in part.step"}}'
      exit 65
      """#)
    let report = try await fixture.run(command)
    let error = ToolReportedError(errorClass: "invalid_input", message: "no shape in part.step")
    #expect(fixture.messages == [.error(error)])
    #expect(report.result == nil)
    #expect(report.failure()?.kind == .invalidInput)
    #expect(report.failure()?.sentence == "no shape in part.step")
  }

  @Test func `Messages of a cancelled tool are delivered to a receiver that is not cancelled`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.python(
      """
      def end(*_):
          say('{"log":"info","message":"ending"}'); sys.exit(0)
      signal.signal(signal.SIGTERM, end)
      open("ready", "w")
      sleep_forever()
      """)
    let run = Task {
      try await fixture.run(command, limits: ToolLimits(terminationGrace: .seconds(30))) { _ in
        if Task.isCancelled { try? fixture.write("", to: "receiver was cancelled") }
      }
    }
    try await eventually("ready") { fixture.exists("ready") }
    run.cancel()
    _ = try await run.value
    #expect(fixture.messages == [.log(level: "info", message: "ending")])
    #expect(!fixture.exists("receiver was cancelled"))
  }

  @Test(arguments: [
    (#"{"progress":0.42,"message":"frame 10 of 24"}"#, ToolMessage.progress(fraction: 0.42, message: "frame 10 of 24")),
    (#"{"progress":7}"#, .progress(fraction: 1, message: nil)),
    (#"{"progress":-1e9,"message":null}"#, .progress(fraction: 0, message: nil)),
    (#"{"phase":"mesh"}"#, .phase("mesh")),
    (#" { "log" : "error" , "message" : "a\nb\"" } "#, .log(level: "error", message: "a\nb\"")),
    (#"{"result":{ "n" : 12345678901234567890123 }}"#, .result(Data(#"{ "n" : 12345678901234567890123 }"#.utf8))),
    (#"{"result":{}}"#, .result(Data("{}".utf8))),
    (#"{"error":{"message":"m"}}"#, .error(ToolReportedError(errorClass: nil, message: "m"))),
    (#"{"progress":0.1,"result":{"a":[1,{"b":"}"}]}}"#, .result(Data(#"{"a":[1,{"b":"}"}]}"#.utf8))),
  ])
  func `A line is understood`(line: String, message: ToolMessage) {
    #expect(ToolMessage(line: Array(line.utf8)) == message)
  }

  @Test(arguments: [
    "", "{}", "{", "[]", "null", "{\"progress\":}", "{\"progress\":0.5,}", "{\"progress\":01}", "{\"progress\":.5}",
    "{\"result\":{}} x", "{\"result\":{\"a\":tru}}", "{\"log\":\"info\"}", "{\"phase\":1}", "{\"error\":\"text\"}",
    "{\"error\":{}}",
    "{\"result\":{\"a\":\"\\x\"}}", "{'progress':1}", "{\"result\":{\"a\":\"\u{1}\"}}",
    "{\"result\":" + String(repeating: "[", count: 100_000),
    "{\"result\":{\"a\":" + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}}",
  ])
  func `A line is nonsense`(line: String) {
    #expect(ToolMessage(line: Array(line.utf8)) == nil)
  }
}
