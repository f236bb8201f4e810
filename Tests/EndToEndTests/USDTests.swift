import Foundation
import Jobs
import Queueing
import Testing

/// STEP files inserted by plain SQL become USD, through the real daemon, kernel and OpenUSD.
@Suite("STEP to USD", .timeLimit(.minutes(3)))
struct USDTests {
  private let exporting = ["STEPWORKS_TOOLS_USD": Products.usdTool]

  @Test func `One INSERT gives the GLB and the USD that is made of it, and a second one costs nothing`() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing(name: "Rillenkugellager 6204 (ø47).step")
    let parameters = JSONValue.object([
      "source": .string(source), "preset": .string("preview"), "on_deviation": .string("fail"),
      "formats": .array([.string("usdc"), .string("usdz")]),
    ])
    let id = try installation.insert("export_usd", parameters)
    try installation.startWorker(environment: exporting)

    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    let artifacts = try await installation.queue.artifacts(of: id)
    #expect(artifacts.map(\.role) == ["usd", "usdz", "report"])
    #expect(artifacts[1].path.hasSuffix("/Rillenkugellager 6204 (ø47).usdz"))
    let child = try #require(JobID(try installation.sql("SELECT id FROM jobs WHERE parent_id = \(id)")))
    let glb = try #require(try await installation.queue.artifacts(of: child).first)
    #expect(glb.role == "glb")
    #expect(job.result?["input_sha256"] == .string(glb.sha256))
    #expect(artifacts[0].provenance["input_sha256"] == .string(glb.sha256))

    let summary = try #require(job.result?["summary"])
    #expect(summary["instances"] == .integer(12))
    #expect(summary["references"] == .integer(9))
    #expect(summary["broken_references"] == .integer(0))
    #expect(summary["differences"]?["usdz"] == .array([]))
    let crate = try Data(contentsOf: URL(fileURLWithPath: artifacts[0].path))
    #expect(crate.prefix(8) == Data("PXR-USDC".utf8))
    #expect(try Data(contentsOf: URL(fileURLWithPath: artifacts[1].path)).range(of: crate) != nil)

    let again = try await installation.waitForEnd(of: try installation.insert("export_usd", parameters))
    #expect(again.outcome == .cached)
    #expect(again.result?["artifacts"] == job.result?["artifacts"])
  }

  @Test func `A damaged GLB fails for good, by its own name`() async throws {
    let installation = try Installation()
    let path = installation.directory + "/half.glb"
    try Data("glTF\u{2}\0\0\0\u{7f}\0\0\0".utf8).write(to: URL(fileURLWithPath: path))
    let id = try installation.insert("export_usd", .object(["source": .string(path)]))
    try installation.startWorker(environment: exporting)
    let job = try await installation.waitForEnd(of: id)
    #expect(job.error?.failureClass == .invalidInput)
    #expect(job.error?.message == "half.glb is truncated: it has 12 of 127 bytes; export it again.")
    #expect(job.attempt == 1)
  }

  @Test func `A worker without the tool serves the other steps and says so; one that is to export USD ends`()
    async throws
  {
    let installation = try Installation()
    let missing = ["STEPWORKS_TOOLS_USD": "/nowhere/stepworks-usd"]
    let worker = try installation.startWorker(environment: missing)
    let id = try installation.insert("ping", .object([:]))
    #expect(try await installation.waitForEnd(of: id).state == .completed)
    #expect(worker.output.contains("export_usd is not served: "))
    let strict = try installation.startWorker(["--step", "export_usd"], environment: missing)
    #expect(strict.wait() == 69)
    #expect(strict.output.contains("/nowhere/stepworks-usd"))
  }
}
