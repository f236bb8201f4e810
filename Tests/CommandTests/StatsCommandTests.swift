import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

struct StatsCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private func record(_ runs: [(LatencyKey, [Double])]) async throws {
    try await workshop.queue().recordLatencies(
      Dictionary(uniqueKeysWithValues: runs.map { ($0, LatencyDistribution($1.map { .seconds($0) })) }))
  }

  private func recordExports() async throws {
    try await record([
      (
        LatencyKey("export_glb", .run, .done),
        Array(repeating: 0.3, count: 60) + Array(repeating: 1.5, count: 39) + [70]
      ),
      (LatencyKey("export_glb", "mesh", .done), Array(repeating: 0.2, count: 100)),
      (LatencyKey("export_glb", .wait, .done), Array(repeating: 0, count: 100)),
      (LatencyKey("export_glb", .run, .failed), [0.3, 0.4]),
      (LatencyKey("ping", .run, .done), [0.0004]),
    ])
  }

  /// The cells of a line that is laid out in columns.
  private func cells(_ line: String) -> [String] {
    line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  @Test func `Without a step there is a line a step and outcome`() async throws {
    try await recordExports()
    let lines = try workshop.run("stats").lines
    #expect(cells(lines[1]) == ["STEP", "OUTCOME", "RUNS", "MEAN", "P50", "P90", "P99", "P99.9", "MAX"])
    #expect(lines.count == 5)
    #expect(
      cells(lines[2])
        == ["export_glb", "done", "100", "1.47 s", "300 ms", "1.50 s", "1.50 s", "70.0 s", "70.0 s"])
    #expect(cells(lines[3]).prefix(4) == ["export_glb", "failed", "2", "350 ms"])
    #expect(cells(lines[4]).prefix(4) == ["ping", "done", "1", "400 µs"])
  }

  @Test func `A step shows its phases and how its runs are spread`() async throws {
    try await recordExports()
    let result = try workshop.run("stats", "--step", "export_glb")
    #expect(result.lines[1] == "export_glb: 102 runs, 100 done, 2 failed")
    #expect(result.lines.filter { $0.hasPrefix("mesh") || $0.hasPrefix("wait") || $0.hasPrefix("run ") }.count == 4)
    let chart = result.lines.filter { $0.contains(" … ") && $0.hasSuffix("s") == false || $0.contains("█") }
    #expect(chart.contains { $0.contains("200 ms … 500 ms") && $0.contains("█▒") && $0.contains("62   61 %  p50") })
    #expect(chart.contains { $0.contains("1 s … 2 s") && $0.contains("39   38 %  p90 p99") })
    #expect(chart.contains { $0.contains("50 s … 100 s") && $0.contains("1    1 %  p99.9") })
    #expect(!result.output.contains("\u{1B}"))
    #expect(result.lines.allSatisfy { $0.count <= 80 })
  }

  @Test func `A chart leaves out runs that were put off, unless they are asked for`() async throws {
    try await recordExports()
    try await record([(LatencyKey("export_glb", .run, .awaiting), Array(repeating: 0.004, count: 500))])
    let usual = try workshop.run("stats", "--step", "export_glb")
    #expect(usual.lines[1] == "export_glb: 602 runs, 100 done, 500 awaiting, 2 failed")
    #expect(usual.lines.contains("whole runs, without those that were put off"))
    #expect(try #require(usual.lines.first { $0.contains("█") }).contains("62   61 %  p50"))
    for (asked, range) in [("--outcome=awaiting", "3 ms … 4 ms"), ("--outcome=done", "2 ms … 5 ms")] {
      let chosen = try workshop.run("stats", "--step=export_glb", "--outcome=awaiting", asked)
      #expect(try #require(chosen.lines.first { $0.contains("█") }).contains(range))
      #expect(chosen.lines.contains("whole runs"))
    }
  }

  @Test func `A narrow terminal costs the table columns, and breaks no line`() async throws {
    try await recordExports()
    for (columns, titles) in [
      (60, ["STEP", "OUTCOME", "RUNS", "MEAN", "P50", "P99", "MAX"]), (46, ["STEP", "OUTCOME", "P50", "P99", "MAX"]),
    ] {
      let terminal = try PseudoTerminal(
        ["env", "-i", "TERM=xterm", Workshop.program, "stats", "-d", workshop.database], columns: columns)
      #expect(terminal.finish() == 0)
      let header = try #require(terminal.screen.lines.first { $0.hasPrefix("STEP") })
      #expect(header.split(separator: " ").map(String.init) == titles)
      #expect(terminal.screen.lines.contains { $0.hasPrefix("export_glb") && $0.hasSuffix("70.0 s") })
    }
  }

  @Test func `A chart breaks no line of a narrow terminal, though every quantile lies in one range`() async throws {
    try await record([(LatencyKey("export_glb", .run, .done), [4.1, 5.2, 5.4, 5.9])])
    for columns in [60, 80] {
      let terminal = try PseudoTerminal(
        ["env", "-i", "TERM=xterm", Workshop.program, "stats", "--step=export_glb", "-d", workshop.database],
        columns: columns)
      #expect(terminal.finish() == 0)
      #expect(terminal.screen.lines.contains { $0.hasSuffix("p50 p90 p99 p99.9") && $0.contains("█") })
    }
  }

  @Test func `Runs that take nearly the same time are told apart`() async throws {
    try await record([(LatencyKey("export_glb", .run, .done), [0.0011, 0.0013, 0.0022, 0.0026])])
    let chart = try workshop.run("stats", "--step", "export_glb").lines.drop { $0 != "whole runs" }.dropFirst()
    #expect(
      chart.map { cells($0)[0] }
        == ["1 ms … 1.2 ms", "1.2 ms … 1.5 ms", "1.5 ms … 2 ms", "2 ms … 2.5 ms", "2.5 ms … 3 ms"])
  }

  @Test func `JSON has every phase in seconds`() async throws {
    try await recordExports()
    let document = try workshop.run("stats", "--json", "--step", "export_glb", "--outcome", "done").json
    let series = try #require(document["series"]?.arrayValue)
    #expect(series.compactMap { $0["phase"]?.stringValue } == ["wait", "mesh", "run"])
    #expect(series[2]["count"] == .integer(100))
    #expect(series[2]["max_seconds"]?.numberValue == 70)
    #expect(series[2]["sum_seconds"]?.numberValue == 146.5)
    let median = try #require(series[2]["p50_seconds"]?.numberValue)
    #expect(abs(median - 0.3) <= 0.0003)
  }

  @Test func `The window is told in local time with its zone`() async throws {
    try await recordExports()
    let lines = try workshop.shell("TZ=XYZ-05:30 $stepworks stats").lines
    #expect(lines[0].wholeMatch(of: /[-0-9]{10} [:0-9]{8}\+05:30 … [-0-9]{10} [:0-9]{8}\+05:30/) != nil)
  }

  @Test func `A phase and an outcome can be asked for alone`() async throws {
    try await recordExports()
    let lines = try workshop.run("stats", "--phase", "mesh", "--outcome", "done").lines
    #expect(lines[1] == "phase mesh")
    #expect(lines.count == 4)
  }

  @Test(arguments: [
    (["--step", "exprt_glb"], Int32(65), "There is no step 'exprt_glb'"),
    (["--phase", "msh"], 65, "did you mean mesh?"),
    (["--outcome", "well"], 64, "'well'"), (["--since", "yesterday"], 64, "--since takes an age"),
    (["--until", "soon"], 64, "--until takes an age"), (["--since", "1h", "--until", "2h"], 64, "before --until"),
  ])
  func `What does not exist or makes no sense is refused`(
    arguments: [String], status: Int32, sentence: String
  ) async throws {
    try await recordExports()
    let result = try workshop.shell("$stepworks stats " + arguments.joined(separator: " "))
    #expect(result.status == status)
    #expect(result.errors.contains(sentence))
    #expect(result.output.isEmpty)
  }

  @Test func `Where nothing was measured it says so, and what to do`() async throws {
    let empty = try workshop.run("stats")
    #expect(empty.status == 0 && empty.output.isEmpty)
    #expect(empty.errors.contains("Nothing has been measured yet"))
    try await recordExports()
    let early = try workshop.run("stats", "--since", "2d", "--until", "1d")
    #expect(early.errors.contains(", a later --until shows more."))
    // The window holds all that there is: no other one shows more.
    let covered = try workshop.run("stats", "--since", "2d", "--outcome", "cancelled")
    #expect(covered.errors.contains("measuring began ") && !covered.errors.contains("more"))
    #expect(try workshop.run("stats", "--json", "--since", "2d", "--until", "1d").json["series"] == .array([]))
  }

  @Test func `A job and its queue say when they will be done, where that is known`() async throws {
    let queue = try workshop.queue()
    let worker = try await ScriptedWorker(queue)
    let jobs = try await queue.enqueue([JobRequest(step: "ping"), JobRequest(step: "ping")]).map(\.jobID)
    try await queue.configure("default", maxConcurrency: 1)
    func eta(_ document: JSONValue?) -> Double? { document?["eta_seconds"]?.numberValue }
    #expect(try eta(workshop.run("job", "\(jobs[1])", "--json").json) == nil)
    #expect(try workshop.run("queues").lines.contains { cells($0).first == "default" && cells($0).contains("-") })
    try await record([(LatencyKey("ping", .run, .done), [20, 20, 20])])
    #expect(try eta(workshop.run("job", "\(jobs[1])", "--json").json) == 40)
    #expect(try workshop.run("job", "\(jobs[1])").output.contains("done in     about 40.0 s"))
    #expect(try workshop.run("queues").lines.contains { cells($0).first == "default" && cells($0).contains("~40s") })
    let queues = try workshop.run("queues", "--json").json.arrayValue ?? []
    #expect(eta(queues.first { $0["name"] == .string("default") }) == 40)
    #expect(worker.id > 0)
  }
}
