import Foundation
import Jobs
import Queueing
import Testing

/// What was made with something that has changed since: found, made again, and explained.
@Suite("Results that are out of date", .timeLimit(.minutes(3)))
struct RebuildTests {
  private let installation = try! Installation()

  private func stepworks(_ arguments: String..., environment: [String: String] = [:]) throws -> CommandResult {
    try Command.run(
      Products.program("stepworks"), arguments,
      environment: ["STEPWORKS_DATABASE": installation.database, "STEPWORKS_TOOLS_RENDER": "off"].merging(environment) {
        $1
      })
  }

  private func export(_ source: String, _ preset: String) throws -> JobID {
    try installation.insert("export_glb", .object(["source": .string(source), "preset": .string(preset)]))
  }

  /// The real tool, calling itself a newer one.
  private func makeNewerTool() throws -> [String: String] {
    let path = installation.directory + "/newer-cad"
    let real = Products.program("stepworks-cad").path
    try Data(
      """
      #!/bin/sh
      if [ "$1" = --version ]; then "\(real)" --version | sed 's/"version": *"[^"]*"/"version":"99"/'; exit; fi
      exec "\(real)" "$@"

      """.utf8
    ).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return ["STEPWORKS_TOOLS_CAD": path]
  }

  @Test("A newer tool makes its results stale; --rebuild makes them again; why-rebuilt names the tool's version")
  func newerTool() async throws {
    let source = try installation.makeBearing()
    let first = try export(source, "preview")
    let ping = try installation.insert("ping", .object([:]))
    let worker = try installation.startWorker()
    #expect(try await installation.waitForEnd(of: first).outcome == .done)
    _ = try await installation.waitForEnd(of: ping)
    let fresh = try stepworks("stale")
    #expect(fresh.status == 0 && fresh.output.isEmpty)
    #expect(fresh.errors.contains("None of 1 results is out of date."))
    let alone = try stepworks("why-rebuilt", "\(first)")
    #expect(alone.output == "Job \(first) (export_glb) is the first on this source: there was nothing to take over.\n")
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)

    let newer = try makeNewerTool()
    let stale = try JSONValue(parsing: try stepworks("stale", "--json", environment: newer).output)
    #expect(stale.arrayValue?.count == 1)
    let change = try #require(stale.arrayValue?.first?["changes"]?.arrayValue?.first)
    #expect(change["ingredient"] == .string("tools.stepworks-cad.version"))
    #expect(change["now"] == .string("99"))
    #expect(try #require(stale.arrayValue?.first?["cost_seconds"]?.numberValue) > 0)
    let other = try stepworks("stale", "--step", "extract_metadata", environment: newer)
    #expect(other.errors.contains("None of 0 results is out of date."))

    let rebuild = try stepworks("stale", "--rebuild", environment: newer)
    #expect(rebuild.errors.contains("1 of 1 results are out of date") && rebuild.errors.contains("Inserted 1 jobs."))
    let again = try stepworks("stale", "--rebuild", environment: newer)
    #expect(again.errors.contains("Inserted 0 jobs; 1 waited already."))
    try installation.startWorker(environment: newer)
    let second = try #require(JobID(try installation.sql("SELECT max(id) FROM jobs")))
    #expect(try await installation.waitForEnd(of: second).outcome == .done)
    #expect(try stepworks("stale", environment: newer).errors.contains("None of 1 results is out of date."))

    let reason = try JSONValue(parsing: try stepworks("why-rebuilt", "\(second)", "--json").output)
    #expect(reason["compared_with"] == .integer(first))
    #expect(reason["changes"]?.arrayValue?.count == 1)
    #expect(reason["changes"]?.arrayValue?.first?["ingredient"] == .string("tools.stepworks-cad.version"))
    let text = try stepworks("why-rebuilt", "\(second)").output
    #expect(text.contains("differs from job \(first) in tools.stepworks-cad.version."))
  }

  @Test("What several results out of date have in common is made again once, and counted once")
  func sharedCost() async throws {
    let source = try installation.makeBearing()
    let worker = try installation.startWorker()
    let first = try export(source, "preview")
    _ = try await installation.waitForEnd(of: first)
    let same: JSONValue = .object([
      "source": .string(source), "preset": .string("preview"), "variant": .string("none"),
    ])
    let second = try installation.insert("export_glb", same)
    #expect(try await installation.waitForEnd(of: second).outcome == .cached)
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
    // A time that twice is another however it is rounded.
    try installation.sql("UPDATE jobs SET started_at = finished_at - 40000 WHERE id = \(first)")
    let stale = try stepworks("stale", environment: try makeNewerTool())
    #expect(stale.errors.contains("2 of 2 results are out of date; making them again takes about 40.0 s, one"))
  }

  @Test("why-rebuilt names the input, the parameter, the damage, or that nothing was rebuilt")
  func ingredients() async throws {
    let source = try installation.makeBearing()
    try installation.startWorker()
    func run(_ preset: String) async throws -> (JobID, String) {
      let id = try export(source, preset)
      _ = try await installation.waitForEnd(of: id)
      return (id, try stepworks("why-rebuilt", "\(id)").output)
    }
    let (first, _) = try await run("preview")
    let (_, coarser) = try await run("production")
    #expect(coarser.contains("differs from job \(first) in parameters.preset."))
    #expect(
      coarser.split(separator: "\n").last?.split(separator: " ", omittingEmptySubsequences: true).suffix(2) == [
        "preview", "production",
      ])
    let (_, nothing) = try await run("preview")
    #expect(nothing.contains("made nothing anew: it took over what job \(first) had made."))

    let glb = try #require(try await installation.queue.artifacts(of: first).first)
    try FileManager.default.removeItem(atPath: glb.path)
    let (_, missing) = try await run("preview")
    #expect(missing.contains("has the same ingredients as job") && missing.contains("\(glb.path) is missing."))

    let text = try String(contentsOfFile: source, encoding: .utf8)
    try text.replacing("Outer ring", with: "Another ring").write(toFile: source, atomically: true, encoding: .utf8)
    let (_, changed) = try await run("preview")
    #expect(changed.contains("in input_semantic_sha256."))

    let unknown = try stepworks("why-rebuilt", "999")
    #expect(unknown.status == 66 && unknown.errors.contains("999"))
    let waiting = try installation.insert(
      "export_glb", .object(["source": .string("/later.step")]), columns: ["run_at": "4000000000000"])
    let unmade = try stepworks("why-rebuilt", "\(waiting)")
    #expect(unmade.status == 65 && unmade.errors.contains("is scheduled and has not made anything yet"))
  }

  @Test(
    "A USD whose mesh was collected as garbage is still out of date when another job has made that mesh, else said to be unknown"
  )
  func collectedMesh() async throws {
    let source = try installation.makeBearing()
    let usd = ["STEPWORKS_TOOLS_USD": Products.usdTool]
    try installation.startWorker(environment: usd)
    let id = try installation.insert(
      "export_usd", .object(["source": .string(source), "preset": .string("preview")]))
    #expect(try await installation.waitForEnd(of: id).outcome == .done)
    let mesh = try #require(JobID(try installation.sql("SELECT id FROM jobs WHERE parent_id = \(id)")))
    let again = try export(source, "preview")
    #expect(try await installation.waitForEnd(of: again).outcome == .cached)

    let newer = try makeNewerTool().merging(usd) { $1 }
    try installation.sql("DELETE FROM artifacts WHERE job_id = \(mesh)")
    let stale = try JSONValue(parsing: try stepworks("stale", "--json", environment: newer).output).arrayValue ?? []
    #expect(stale.map { $0["job"] } == [.integer(again), .integer(id)])
    #expect(stale.allSatisfy { ($0["cost_seconds"]?.numberValue ?? 0) > 0 })
    try installation.sql("DELETE FROM artifacts WHERE job_id = \(again)")
    let unknown = try stepworks("stale", environment: newer)
    #expect(unknown.errors.contains("Whether job \(id) (export_usd) is out of date can't be told: what job \(mesh)"))
  }

  @Test("why-rebuilt goes on to a mesh that was taken over")
  func takenOverMesh() async throws {
    let source = try installation.makeBearing()
    let text = try String(contentsOfFile: source, encoding: .utf8)
    try installation.startWorker(environment: ["STEPWORKS_TOOLS_USD": Products.usdTool])
    func make(_ step: String) async throws -> JobID {
      let id = try installation.insert(step, .object(["source": .string(source), "preset": .string("preview")]))
      #expect(try await installation.waitForEnd(of: id).state == .completed)
      return id
    }
    let first = try await make("export_usd")
    try text.replacing("Outer ring", with: "Another ring").write(toFile: source, atomically: true, encoding: .utf8)
    _ = try await make("export_glb")
    let second = try await make("export_usd")
    let reason = try stepworks("why-rebuilt", "\(second)").output
    #expect(reason.contains("Job \(second) (export_usd) differs from job \(first) in input_sha256."))
    #expect(reason.contains("in input_semantic_sha256."))
  }
}
