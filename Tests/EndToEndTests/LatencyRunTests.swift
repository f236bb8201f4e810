import Foundation
import Glibc
import Jobs
import Testing

/// What a real worker measures of real runs.
@Suite(.timeLimit(.minutes(2)))
struct LatencyRunTests {
  private func stats(_ installation: Installation, _ step: String) throws -> [JSONValue] {
    let result = try Command.run(
      Products.program("stepworks"), ["stats", "--database", installation.database, "--step", step, "--json"])
    #expect(result.status == 0, "\(result.errors)")
    return try JSONValue(parsing: result.output)["series"]?.arrayValue ?? []
  }

  @Test func `A drained worker has written every phase of every run, failed ones too`() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    let source = try installation.makeBearing()
    let made = try installation.insert(
      "export_glb", .object(["source": .string(source), "preset": .string("preview")]))
    let missing = try installation.insert("export_glb", .object(["source": .string("/nowhere/part.step")]))
    #expect(try await installation.waitForEnd(of: made).state == .completed)
    #expect(try await installation.waitForEnd(of: missing).state == .failed)
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)

    let series = try stats(installation, "export_glb")
    func phases(_ outcome: String) -> [String] {
      series.filter { $0["outcome"] == .string(outcome) }.compactMap { $0["phase"]?.stringValue }
    }
    #expect(
      phases("done") == [
        "wait", "start", "snapshot", "launch", "read", "transfer", "measure", "mesh", "write", "check", "publish",
        "settle", "run", "total",
      ])
    #expect(phases("failed") == ["wait", "snapshot", "settle", "run", "total"])
    #expect(series.allSatisfy { $0["count"] == .integer(1) })
    func seconds(_ phase: String) -> Double {
      series.first { $0["outcome"] == .string("done") && $0["phase"] == .string(phase) }?["max_seconds"]?.numberValue
        ?? .nan
    }
    let own = phases("done").filter { !["wait", "start", "run", "total"].contains($0) }.map(seconds).reduce(0, +)
    // Between the phases there is nothing but the way from one to the next.
    #expect(own > 0.9 * seconds("run") && own <= seconds("run"))
    #expect(seconds("start") < seconds("run"))
  }

  @Test func `HdrHistogram's own library reads the rows, and finds what stats says`() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    for number in 1...30 {
      _ = try installation.insert("ping", .object(["sleep_seconds": .number(Double(number % 7) / 100)]))
    }
    let last = try installation.insert("ping", .object([:]), columns: ["priority": "-1"])
    _ = try await installation.waitForEnd(of: last)
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)

    // The library reads rows: of runs in two minutes only the numbers can be added up.
    let minutes = try installation.sql("SELECT count(DISTINCT starts_at) FROM latency_histograms")
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    // Not standardized: that would follow the link out of the virtual environment.
    let python = tests.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
      ".venv/bin/python")
    let read = try Command.run(
      python, [tests.appendingPathComponent("read_histograms.py").path, installation.database])
    try #require(read.status == 0, "\(read.errors)")
    let rows = try read.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    #expect(rows.allSatisfy { $0["digits"] == .integer(3) })
    let series = try stats(installation, "ping")
    for entry in series {
      let own = rows.filter { $0["phase"] == entry["phase"] && $0["outcome"] == entry["outcome"] }
      #expect(own.compactMap { $0["count"]?.integerValue }.reduce(0, +) == entry["count"]?.integerValue)
      guard minutes == "1", let row = own.first else { continue }
      for (theirs, ours) in [("p50", "p50_seconds"), ("p99", "p99_seconds")] {
        let (left, right) = (row[theirs]?.numberValue ?? -1, (entry[ours]?.numberValue ?? -1) * 1e6)
        // Theirs is the upper edge of the place, ours never more than the longest.
        #expect(abs(left - right) <= 0.001 * left + 1, "\(entry["phase"] ?? .null): \(left) and \(right)")
      }
    }
    #expect(series.count >= 5)
  }

  @Test func `What was measured is written while the worker runs`() async throws {
    let installation = try Installation()
    try installation.startWorker()
    let id = try installation.insert("ping", .object([:]))
    _ = try await installation.waitForEnd(of: id)
    func count() throws -> String { try installation.sql("SELECT coalesce(sum(count), 0) FROM latency_histograms") }
    // Written by itself, while the worker runs.
    try await installation.waitForCommit { try count() != "0" }
    #expect(try count() == "4")
  }
}
