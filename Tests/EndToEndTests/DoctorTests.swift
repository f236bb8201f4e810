import Foundation
import Jobs
import Testing

/// `stepworks doctor` on this machine's real tools.
@Suite("stepworks doctor", .timeLimit(.minutes(2)))
struct DoctorTests {
  private func doctor(_ environment: [String: String] = [:], _ arguments: [String] = []) throws -> CommandResult {
    let installation = try Installation()
    return try Command.run(
      Products.program("stepworks"), ["doctor", "--database", installation.database] + arguments,
      environment: [
        "STEPWORKS_TOOLS_RENDER": Products.renderTool, "STEPWORKS_TOOLS_USD": Products.usdTool,
      ].merging(environment) { $1 })
  }

  @Test func `Where everything is installed it says so, with the versions, and nothing is missing`() throws {
    let result = try doctor([:], ["--json"])
    #expect(result.status == 0, "\(result.output) \(result.errors)")
    let findings = try JSONValue(parsing: Data(result.output.utf8)).arrayValue ?? []
    func finding(_ subject: String) -> JSONValue? { findings.first { $0["subject"] == .string(subject) } }
    #expect(finding("database")?["status"] == .string("ok"))
    #expect(finding("stepworks-cad")?["detail"]?.stringValue?.contains("opencascade") == true)
    #expect(finding("stepworks-usd")?["detail"]?.stringValue?.contains("openusd 26.11") == true)
    #expect(finding("stepworks-render")?["detail"]?.stringValue?.contains("blender 5.0.1") == true)
    #expect(finding("ffmpeg")?["detail"]?.stringValue?.hasPrefix("ffmpeg version") == true)
    #expect(finding("GPU")?["detail"]?.stringValue?.hasPrefix("[GPU_PROBE]") == true)
    #expect(finding("EEVEE") != nil)
    #expect(finding("memory limits") != nil)
    #expect(!findings.contains { $0["status"] == .string("missing") })
  }

  @Test func `A tool that is missing is named, with where it was looked for, and the exit status is 69`() throws {
    let result = try doctor(["STEPWORKS_TOOLS_RENDER": "/nowhere/stepworks-render"])
    #expect(result.status == 69)
    let line = result.output.split(separator: "\n").first { $0.hasPrefix("stepworks-render") }
    #expect(line?.contains("missing") == true)
    #expect(line?.contains("/nowhere/stepworks-render") == true)
  }

  @Test func `A place to deliver to that is not there is missing`() throws {
    let result = try doctor(["STEPWORKS_DELIVER_ROOTS": "/tmp,/nowhere/{tenant}", "STEPWORKS_TOOLS_RENDER": "off"])
    #expect(result.status == 69)
    let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("delivery root") }
    #expect(lines.count == 2)
    #expect(lines.first?.hasSuffix("ok       /tmp") == true, "\(lines)")
    #expect(lines.last?.contains("missing  /nowhere is not there; mount it") == true, "\(lines)")
  }

  @Test func `A file is no place to deliver to, nor is the data directory`() throws {
    let result = try doctor([
      "STEPWORKS_DELIVER_ROOTS": "/etc/passwd,/tmp/{tenant}", "STEPWORKS_DATA_DIRECTORY": "/tmp",
      "STEPWORKS_TOOLS_RENDER": "off",
    ])
    #expect(result.status == 69)
    let lines = result.output.split(separator: "\n").filter { $0.hasPrefix("delivery root") }
    #expect(lines.first?.contains("missing  /etc/passwd is no directory") == true, "\(lines)")
    #expect(lines.last?.contains("is in the data directory /tmp, where nothing may be delivered") == true, "\(lines)")
  }

  @Test func `A worker that names no steps serves those whose tools are there and says which are not`() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(environment: ["STEPWORKS_TOOLS_RENDER": "/nowhere/stepworks-render"])
    let id = try installation.insert("ping", .object([:]))
    #expect(try await installation.waitForEnd(of: id).state == .completed)
    #expect(worker.output.contains("The render steps are not served: "))
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)

    let strict = try installation.startWorker(
      ["--step", "render_still"], environment: ["STEPWORKS_TOOLS_RENDER": "/nowhere/stepworks-render"])
    #expect(strict.wait() == 69)
    #expect(strict.output.contains("/nowhere/stepworks-render"))
  }
}
