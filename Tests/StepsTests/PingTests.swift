import Jobs
import Steps
import Testing

@Suite("ping", .timeLimit(.minutes(1)))
struct PingTests {
  @Test("It returns its parameters, also those it does not know")
  func returns() async throws {
    let fixture = try StepFixture(tool: "true")
    let result = try await fixture.run("ping", ["hello": .string("world")])
    #expect(result.result == .object(["parameters": .object(["hello": .string("world")])]))
  }

  @Test("It fails as it is told", arguments: FailureClass.allCases)
  func fails(_ failureClass: FailureClass) async throws {
    let fixture = try StepFixture(tool: "true")
    #expect(await fixture.failure("ping", ["fail": .string(failureClass.rawValue)])?.failureClass == failureClass)
  }

  @Test("Its process crashes and exits as it is told, and reports progress")
  func process() async throws {
    let fixture = try StepFixture(tool: "true")
    let crash = await fixture.failure("ping", ["crash_signal": .string("SEGV")])
    #expect(crash?.failureClass == .toolCrashed)
    #expect(crash?.signal == 11)
    #expect(await fixture.failure("ping", ["exit_status": .integer(70)])?.exit == 70)
    _ = try await fixture.run("ping", ["tool": .bool(true), "progress_steps": .integer(4)])
    #expect(fixture.reports.contains(.progress(0.5, "step 2 of 4")))
  }
}
