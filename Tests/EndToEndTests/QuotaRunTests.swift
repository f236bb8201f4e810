import Jobs
import Queueing
import Testing

/// A tenant's limit, held by the real daemon.
@Suite("Quota", .timeLimit(.minutes(3)))
struct QuotaRunTests {
  @Test("A job whose artifacts do not fit fails with no_space; one that could not fit at all does not start its tool")
  func limits() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    func export(_ preset: String) async throws -> Job {
      let parameters = JSONValue.object(["source": .string(source), "preset": .string(preset)])
      return try await installation.waitForEnd(of: try installation.insert("export_glb", parameters))
    }
    func tools(_ job: Job) async throws -> Int {
      try await installation.queue.events(of: job.id).count { $0.kind == .toolStarted }
    }
    try installation.sql("UPDATE tenants SET max_artifact_bytes = 1000")
    try installation.startWorker()

    let large = try await export("preview")
    #expect(large.error?.failureClass == .noSpace)
    #expect(large.error?.message.contains("and may take 1000; remove old ones") == true)
    #expect(large.attempt == 1)
    #expect(try await tools(large) == 1)
    #expect(try await installation.queue.artifacts(of: large.id).isEmpty)

    try installation.sql("UPDATE tenants SET max_artifact_bytes = NULL")
    let fits = try await export("production")
    #expect(fits.state == .completed)
    let bytes = try await installation.queue.artifacts(of: fits.id).map(\.bytes).reduce(0, +)
    #expect(try installation.sql("SELECT artifact_bytes FROM tenants") == "\(bytes)")

    try installation.sql("UPDATE tenants SET max_artifact_bytes = 1")
    let full = try await export("hero")
    #expect(full.error?.failureClass == .noSpace)
    #expect(try await tools(full) == 0)
    // What is there already takes no more room.
    #expect(try await export("production").outcome == .cached)
  }
}
