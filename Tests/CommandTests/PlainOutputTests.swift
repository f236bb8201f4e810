import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// Where no terminal is, nothing is written that only a terminal understands.
struct PlainOutputTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// A use of every command that ends by itself.
  private static let uses: [[String]] = [
    ["migrate"], ["enqueue", "ping"], ["enqueue", "nothing"], ["wait", "2"], ["steps"], ["steps", "ping"], ["top"],
    ["top", "--once", "--json"], ["jobs"], ["job", "1"], ["job", "2"], ["cancel", "1"], ["cancel", "99"],
    ["retry", "2"], ["artifacts"], ["artifacts", "show", "1"], ["artifacts", "open", "9"],
    ["artifacts", "verify", "--all"], ["artifacts", "export", "--to", "out"], ["artifacts", "gc"], ["tenants"],
    ["tenants", "add", "acme"], ["tenants", "set", "acme", "--max-artifact-bytes", "1GB"], ["queues"],
    ["queues", "set", "cad", "--max", "3"], ["events"], ["why-rebuilt", "1"], ["stale"], ["stats"], ["config"],
    ["doctor"], ["worker", "--step", "nothing"], ["--help"],
  ]

  /// Job 1 waits, job 2 has failed, job 3 has made something.
  private func fill() async throws {
    let maker = try await Maker(workshop)
    _ = try await maker.make(files: [Maker.File("a.glb", "glb", "content")])
    try workshop.run("enqueue", "ping")
    try await ScriptedWorker(maker.queue).runNext(.failed(JobFailure(.invalidInput, "No.", logTail: "end"), .fail))
    try workshop.run("enqueue", "ping", "--delay", "1h")
  }

  @Test(.serialized, arguments: uses)
  func `No command writes an escape character into a pipe`(_ use: [String]) async throws {
    try await fill()
    let result = try run(use, [:])
    #expect(!result.output.unicodeScalars.contains("\u{1B}"), "\(result.output.debugDescription)")
    #expect(!result.errors.unicodeScalars.contains("\u{1B}"), "\(result.errors.debugDescription)")
  }

  @Test func `Every command is among those that are tried`() throws {
    let help = try Program.run([Workshop.program, "--help"]).output
    let listed = help.split(separator: "SUBCOMMANDS:").last?.matches(of: /\n {2}([a-z-]+) {2,}/).map { String($0.1) }
    let tried = Set(Self.uses.compactMap(\.first))
    for command in try #require(listed) { #expect(tried.contains(command), "\(command) is not tried") }
    #expect((listed ?? []).count > 15)
  }

  @Test(arguments: ["jobs", "job", "events", "queues", "top", "steps"])
  func `Colours are there where somebody insists on them, and never in JSON`(_ command: String) async throws {
    try await fill()
    let use = command == "job" ? ["job", "2"] : [command]
    func hasColour(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Bool {
      try run(use + arguments, environment).output.contains("\u{1B}[")
    }
    #expect(try hasColour(["--color", "always"]))
    #expect(try hasColour([], ["CLICOLOR_FORCE": "1"]))
    #expect(try !hasColour(["--color", "never"], ["CLICOLOR_FORCE": "1"]))
    #expect(try !hasColour([], ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]))
    let once = command == "top" ? ["--once"] : []
    #expect(try !hasColour(["--json", "--color", "always"] + once))
    #expect(try run(use + ["--color", "sometimes"], [:]).status == 64)
  }

  private func run(_ use: [String], _ environment: [String: String]) throws -> ProgramResult {
    let variables = ["STEPWORKS_DATABASE": workshop.database].merging(environment) { $1 }.map { "\($0)=\($1)" }
    return try Program.run(
      ["env", "-i", "-C", workshop.directory.path, "PATH=/usr/bin:/bin"] + variables.sorted() + [Workshop.program] + use
    )
  }
}
