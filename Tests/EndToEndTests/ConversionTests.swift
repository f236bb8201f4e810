import Foundation
import Jobs
import Queueing
import Testing

/// STEP files inserted by plain SQL, through the real daemon and the real kernel.
@Suite("STEP to metadata and GLB", .timeLimit(.minutes(3)))
struct ConversionTests {
  @Test("An inserted STEP file becomes metadata and a GLB, with digests, provenance, cost and history")
  func converts() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing(name: "Rillenkugellager 6204 (ø47).step")
    let metadataJob = try installation.insert("extract_metadata", .object(["source": .string(source)]))
    let glbJob = try installation.insert("export_glb", .object(["source": .string(source)]))
    try installation.startWorker()

    #expect(try await installation.waitForEnd(of: metadataJob).state == .completed)
    let metadata = try #require(try await installation.queue.artifacts(of: metadataJob).first)
    #expect(metadata.path.hasSuffix("/Rillenkugellager 6204 (ø47).metadata.json"))
    let document = try JSONValue(parsing: Data(contentsOf: URL(fileURLWithPath: metadata.path)))
    #expect(document.text.contains("Inner ring"))

    let job = try await installation.waitForEnd(of: glbJob)
    #expect(job.state == .completed)
    #expect(job.progress == 1)
    let glb = try #require(try await installation.queue.artifacts(of: glbJob).first)
    let data = try Data(contentsOf: URL(fileURLWithPath: glb.path))
    #expect(data.prefix(4) == Data("glTF".utf8))
    #expect(data.range(of: Data(#""derivation_key":"\#(glb.derivationKey)""#.utf8)) != nil)
    #expect(Int64(data.count) == glb.bytes)
    #expect(glb.path.contains(glb.sha256))
    #expect(try Command.run(URL(fileURLWithPath: "/usr/bin/sha256sum"), [glb.path]).output.hasPrefix(glb.sha256))
    #expect(glb.provenance["input_semantic_sha256"]?.stringValue?.count == 64)
    #expect(glb.provenance["parameters"]?["preset"] == .string("production"))
    #expect(FileManager.default.fileExists(atPath: glb.path + ".\(glb.derivationKey.prefix(12)).json"))

    let ended = try await installation.waitForEvent(of: glbJob, .toolEnded)
    #expect(try #require(ended.detail?["peak_memory_bytes"]?.integerValue) > 1_000_000)
    #expect(try #require(ended.detail?["cpu_seconds"]?.numberValue) > 0)
    let logs = installation.directory + "/stepworks-data/logs/attempt-\(glbJob)-1"
    #expect(FileManager.default.fileExists(atPath: logs + "/exit.json"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: installation.directory + "/stepworks-data/attempts") == [])
  }

  @Test("The same file gives the same bytes in another run")
  func isDeterministic() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.startWorker()
    var digests: Set<String> = []
    for copy in 0..<2 {
      let id = try installation.insert(
        "export_glb", .object(["source": .string(source), "preset": .string("preview")]),
        columns: ["dedup_key": "'copy \(copy)'"])
      #expect(try await installation.waitForEnd(of: id).outcome == .done)
      digests.insert(try #require(try await installation.queue.artifacts(of: id).first).sha256)
      // What is not recorded is not found.
      try installation.sql("DELETE FROM artifacts")
    }
    #expect(digests.count == 1)
  }

  @Test("A GLB comes with its report, and with a compressed variant where that is asked for")
  func variantAndReport() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let id = try installation.insert(
      "export_glb",
      .object(["source": .string(source), "preset": .string("preview"), "variant": .string("meshopt")]))
    try installation.startWorker()
    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .completed)
    #expect(job.result?["summary"]?["report"]?["deviations"] == .integer(0))
    let artifacts = try await installation.queue.artifacts(of: id)
    #expect(artifacts.map(\.role) == ["glb", "glb_meshopt", "report"])
    #expect(Set(artifacts.map(\.derivationKey)).count == 1)
    #expect(artifacts[1].bytes * 2 < artifacts[0].bytes)
    let report = try JSONValue(parsing: Data(contentsOf: URL(fileURLWithPath: artifacts[2].path)))
    #expect(report["verdict"] == .string("ok"))
    #expect(report["derivation_key"] == .string(artifacts[0].derivationKey))
  }

  @Test("A file with the longest of names is converted")
  func longName() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing(name: String(repeating: "軸", count: 80) + ".step")
    let id = try installation.insert("extract_metadata", .object(["source": .string(source)]))
    try installation.startWorker()
    #expect(try await installation.waitForEnd(of: id).state == .completed)
  }

  @Test("A relative source starts at the directory of the database")
  func relativeSource() async throws {
    let installation = try Installation()
    _ = try installation.makeBearing()
    try installation.startWorker()
    let id = try installation.insert("extract_metadata", .object(["source": .string("bearing.step")]))
    #expect(try await installation.waitForEnd(of: id).state == .completed)
  }

  /// What producers really send, and what people are told about it.
  static let malformed: [(name: String, content: Data, failureClass: FailureClass)] = [
    ("empty.step", Data(), .invalidInput),
    ("random.step", Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }), .invalidInput),
    ("picture.step", Data([0xFF, 0xD8, 0xFF, 0xE0] + [UInt8](repeating: 0, count: 200)), .invalidInput),
    ("text.step", Data("Dear customer, please find attached".utf8), .invalidInput),
    (
      "no solids.step",
      Data(
        """
        ISO-10303-21;
        HEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('','',(''),(''),'','','');
        FILE_SCHEMA(('AUTOMOTIVE_DESIGN'));ENDSEC;
        DATA;
        #1=CARTESIAN_POINT('',(0.,0.,0.));
        ENDSEC;
        END-ISO-10303-21;
        """.utf8), .invalidInput
    ),
  ]

  @Test(
    "Malformed input fails its job at once, with a sentence that names the producer's file", arguments: Self.malformed)
  func refuses(_ file: (name: String, content: Data, failureClass: FailureClass)) async throws {
    let installation = try Installation()
    let source = installation.directory + "/" + file.name
    try file.content.write(to: URL(fileURLWithPath: source))
    try installation.startWorker()
    for step in ["extract_metadata", "export_glb"] {
      let id = try installation.insert(step, .object(["source": .string(source)]))
      let job = try await installation.waitForEnd(of: id)
      #expect(job.state == .failed)
      #expect(job.attempt == 1)
      let failure = try #require(job.error)
      #expect(failure.failureClass == file.failureClass, "\(failure.message)")
      #expect(failure.message.contains(file.name), "\(failure.message)")
      #expect(!failure.message.contains("/attempts/"), "\(failure.message)")
    }
  }

  @Test("A truncated file fails at once, a missing one and a directory too")
  func truncatedMissingDirectory() async throws {
    let installation = try Installation()
    let bearing = try installation.makeBearing()
    let truncated = installation.directory + "/truncated.step"
    try Data(contentsOf: URL(fileURLWithPath: bearing)).prefix(100_000).write(to: URL(fileURLWithPath: truncated))
    try installation.startWorker()
    for (source, failureClass) in [
      (truncated, FailureClass.invalidInput), (installation.directory + "/absent.step", .missingInput),
      (installation.directory, .invalidInput), ("", .invalidInput),
    ] {
      let id = try installation.insert("export_glb", .object(["source": .string(source)]))
      let job = try await installation.waitForEnd(of: id)
      #expect(job.error?.failureClass == failureClass, "\(job.error?.message ?? "no error")")
      #expect(job.attempt == 1)
    }
  }

  @Test("A full disk costs the job nothing: it waits, says why, and completes when there is space")
  func fullDisk() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let data = installation.directory + "/small"
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    let mount = try Command.run(
      URL(fileURLWithPath: "/usr/bin/mount"), ["-t", "tmpfs", "-o", "size=256k", "tmpfs", data])
    try #require(mount.status == 0, "this test needs to mount a small tmpfs: \(mount.errors)")
    defer { _ = try? Command.run(URL(fileURLWithPath: "/usr/bin/umount"), ["-l", data]) }
    try installation.startWorker(["--data", data])
    let id = try installation.insert("export_glb", .object(["source": .string(source)]))
    let snoozed = try await installation.waitForEvent(of: id, .snoozed)
    #expect(snoozed.detail?["class"] == .string("no_space"))
    #expect(try await installation.job(id).attempt == 0)

    let grow = try Command.run(URL(fileURLWithPath: "/usr/bin/mount"), ["-o", "remount,size=64m", data])
    #expect(grow.status == 0)
    try installation.sql("UPDATE jobs SET run_at = 1 WHERE id = \(id)")
    #expect(try await installation.waitForEnd(of: id).state == .completed)
  }
}
