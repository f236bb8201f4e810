import Foundation
import Glibc
import Jobs
import Queueing
import Testing

/// Artifacts that are delivered by plain SQL, through the real daemon.
@Suite("Delivery", .timeLimit(.minutes(3)))
struct DeliveryTests {
  private func deliver(_ installation: Installation, after job: JobID, to directory: String) throws -> JobID {
    let id = try installation.sql(
      """
      BEGIN IMMEDIATE;
      INSERT INTO jobs (step, parameters) VALUES ('deliver', '{"directory":"\(directory)","roles":["glb"]}') RETURNING id;
      INSERT INTO job_dependencies (job_id, depends_on) VALUES ((SELECT max(id) FROM jobs), \(job));
      COMMIT;
      """)
    return try #require(JobID(id))
  }

  @Test("What a job makes is delivered when it is done, and can be told by its digests")
  func delivers() async throws {
    let installation = try Installation()
    let media = installation.directory + "/media"
    try FileManager.default.createDirectory(atPath: media, withIntermediateDirectories: true)
    try installation.startWorker(environment: ["STEPWORKS_DELIVER_ROOTS": media])
    let source = try installation.makeBearing()
    let export = try installation.insert("export_glb", .object(["source": .string(source)]))
    let delivery = try deliver(installation, after: export, to: media)
    let job = try await installation.waitForEnd(of: delivery)
    #expect(job.state == .completed, "\(String(describing: job.error))")
    let glb = try #require(try await installation.queue.artifacts(of: export).first)
    let sum = try Command.run(URL(fileURLWithPath: "/usr/bin/sha256sum"), [media + "/bearing/bearing.glb"])
    #expect(sum.output.hasPrefix(glb.sha256), "\(sum.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: media) == ["bearing"])
    let told = try Command.run(Products.program("stepworks"), ["wait", "\(delivery)", "-d", installation.database])
    #expect(told.output == "glb\t\(media)/bearing/bearing.glb\n")
    // The same again finds everything in its place.
    let again = try await installation.waitForEnd(of: try deliver(installation, after: export, to: media))
    #expect(again.outcome == .skipped)
  }

  @Test("A worker that is killed while it delivers leaves nothing half done for the next one to stumble over")
  func isKilled() async throws {
    let installation = try Installation()
    let media = installation.directory + "/media"
    try FileManager.default.createDirectory(atPath: media, withIntermediateDirectories: true)
    let environment = ["STEPWORKS_DELIVER_ROOTS": media]
    let worker = try installation.startWorker(environment: environment)
    let source = try installation.makeBearing()
    let export = try installation.insert("export_glb", .object(["source": .string(source)]))
    try await installation.waitForEvent(of: export, .completed)
    let delivery = try deliver(installation, after: export, to: "web")
    try await installation.waitForEvent(of: delivery, .started)
    worker.send(SIGKILL)
    worker.wait()
    // Whatever it had come to: nothing, a hidden directory, or all.
    let seen = try FileManager.default.subpathsOfDirectory(atPath: media).filter { !$0.hasPrefix(".") }.sorted()
    let all = ["web", "web/bearing", "web/bearing/bearing.glb", "web/bearing/delivery.json"]
    #expect(seen.isEmpty || seen == all, "\(seen)")
    try installation.startWorker(environment: environment)
    #expect(try await installation.waitForEnd(of: delivery).state == .completed)
    #expect(try FileManager.default.subpathsOfDirectory(atPath: media).sorted() == all)
  }

  @Test("A worker without roots says what to set, and a wrong parameter is refused at its insert")
  func refuses() async throws {
    let installation = try Installation()
    try installation.startWorker()
    let ping = try installation.insert("ping", .object([:]))
    let job = try await installation.waitForEnd(of: try deliver(installation, after: ping, to: "/srv"))
    #expect(job.error?.failureClass == .invalidInput)
    #expect(job.error?.message.contains("deliver.roots") == true)
    for parameters in [
      "{}", #"{"directory":5}"#, #"{"directory":"/srv","roles":[]}"#, #"{"directory":"/srv","to":"x"}"#,
    ] {
      let insert = "INSERT INTO jobs (step, parameters) VALUES ('deliver', '\(parameters)')"
      let refused = try Command.run(URL(fileURLWithPath: "/usr/bin/sqlite3"), [installation.database, insert])
      #expect(refused.errors.contains("parameter"), "\(parameters): \(refused.errors)")
    }
  }
}
