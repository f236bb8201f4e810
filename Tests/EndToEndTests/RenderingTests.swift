import Foundation
import Glibc
import Jobs
import Queueing
import Testing

/// Pictures from rows, through real daemons and the real Blender. Small and coarse: what they look like others test.
@Suite("STEP to pictures", .timeLimit(.minutes(5)))
struct RenderingTests {
  private static let coarse: [String: JSONValue] = [
    "width": .integer(64), "height": .integer(64), "samples": .integer(2), "cycles_device": .string("cpu"),
    "preset": .string("preview"),
  ]

  private func parameters(_ source: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
    .object(Self.coarse.merging(["source": .string(source)]) { $1 }.merging(more) { $1 })
  }

  @Test func `A STEP file becomes a thumbnail: the mesh is made first, by a job of its own, and one is enough for two`()
    async throws
  {
    let installation = try Installation()
    let source = try installation.makeBearing(name: "Lager ø47.step")
    let thumbnail = try installation.insert("render_thumbnail", parameters(source))
    let blend = try installation.insert("export_blend", parameters(source))
    try installation.startRenderer()

    let job = try await installation.waitForEnd(of: thumbnail)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    #expect(job.attempt == 1)
    let picture = try #require(try await installation.queue.artifacts(of: thumbnail).first)
    #expect(picture.path.hasSuffix("/Lager ø47-three_quarter_45deg.png"))
    let data = try Data(contentsOf: URL(fileURLWithPath: picture.path))
    #expect(data.prefix(8) == Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
    #expect(data.range(of: Data(picture.derivationKey.utf8)) != nil)
    #expect(job.result?["summary"]?["device"]?["used"] == .string("cpu"))

    #expect(try await installation.waitForEnd(of: blend).state == .completed)
    #expect(try installation.sql("SELECT count(*) FROM jobs WHERE step = 'export_glb'") == "1")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: installation.directory + "/stepworks-data/attempts") == [])
  }

  @Test func `A turntable whose Blender and whose worker are killed goes on at the frame where it stopped`()
    async throws
  {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let id = try installation.insert(
      "render_turntable",
      parameters(
        source,
        [
          "frames": .integer(6), "fps": .integer(6), "preview": .bool(false), "chunk_frames": .integer(6),
          "samples": .integer(4), "materials": .string("library"),
        ]))
    let worker = try installation.startRenderer()
    try await installation.waitForEvent(of: id, .awaiting)
    // The mesh, then the frames.
    var chunk: JobID?
    while chunk == nil {
      chunk = JobID(try installation.sql("SELECT max(id) FROM jobs WHERE step = 'render_frames'"))
    }
    let frames = try #require(chunk)
    try await installation.waitForEvent(of: frames, fence: 1, .toolStarted)
    let partial = installation.directory + "/stepworks-data/partial/job-\(frames)"
    // Two frames are safe, then Blender dies in the middle of the third.
    while Self.frames(in: partial) < 2 { await Task.yield() }
    let runID = installation.runID(frames, fence: 1)
    for pid in Processes.ofRun(runID) where Self.isBlender(pid) { kill(pid, SIGKILL) }
    try await installation.waitForEvent(of: frames, fence: 2, .toolStarted)
    worker.send(SIGKILL)
    worker.wait()
    try await installation.startScrapedWorker(environment: ["STEPWORKS_TOOLS_RENDER": Products.renderTool])

    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    let rendered = try await installation.job(frames)
    let page = try await installation.metrics()
    let reused = rendered.result?["summary"]?["frames_reused"]?.integerValue ?? 0
    #expect(page.contains("\nstepworks_resumed_frames_total{step=\"render_frames\"} \(reused)\n"))
    #expect(page.contains("\nstepworks_renders_total{device=\"cpu\",fallback=\"false\"} 1\n"))
    #expect(rendered.crashes == 2)
    #expect((rendered.result?["summary"]?["frames_reused"]?.integerValue ?? 0) >= 2)
    #expect(try await installation.queue.artifacts(of: frames).count == 6)
    #expect(
      try await installation.queue.artifacts(of: id).map(\.role).sorted()
        == ["contact_sheet", "mp4", "poster", "webm", "webp"])
    #expect(Processes.ofRun(runID) == [])
    let stale = try Command.run(
      Products.program("stepworks"), ["stale", "-d", installation.database],
      environment: ["STEPWORKS_TOOLS_RENDER": Products.renderTool])
    #expect(stale.errors.contains("None of 1 results is out of date."), "\(stale.output)\(stale.errors)")
  }

  @Test func `A cancelled turntable cancels the jobs it asked for, Blender is gone and nothing is published`()
    async throws
  {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let id = try installation.insert(
      "render_turntable",
      parameters(
        source,
        ["frames": .integer(12), "chunk_frames": .integer(6), "samples": .integer(4096), "preview": .bool(false)]))
    try installation.startRenderer()
    var chunk: JobID?
    while chunk == nil {
      chunk = JobID(try installation.sql("SELECT min(id) FROM jobs WHERE step = 'render_frames'"))
    }
    let frames = try #require(chunk)
    try await installation.waitForEvent(of: frames, .toolStarted)
    let runID = installation.runID(frames, fence: 1)
    try installation.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(id)")
    #expect(try await installation.waitForEnd(of: id).state == .cancelled)
    #expect(try await installation.waitForEnd(of: frames).state == .cancelled)
    #expect(Processes.ofRun(runID) == [])
    #expect(
      try installation.sql("SELECT count(*) FROM jobs WHERE step = 'render_frames' AND state <> 'cancelled'") == "0")
    #expect(try installation.sql("SELECT count(*) FROM artifacts WHERE media_type LIKE 'image/%'") == "0")
  }

  @Test func `A worker killed while a waiting process renders leaves nothing, and the thumbnail is made by another`()
    async throws
  {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let id = try installation.insert(
      "render_thumbnail",
      parameters(source, ["samples": .integer(4096), "width": .integer(512), "height": .integer(512)]))
    let worker = try installation.startRenderer()
    try await installation.waitForEvent(of: id, .awaiting)
    let started = try await installation.waitForEvent(of: id, .toolStarted)
    let runID = try #require(try installation.sql("SELECT run_id FROM tool_processes WHERE job_id = \(id)").nonEmpty)
    #expect(Processes.ofRun(runID).isEmpty == false)
    worker.send(SIGKILL)
    worker.wait()
    try installation.sql("UPDATE jobs SET parameters = json_set(parameters, '$.samples', 2) WHERE id = \(id)")
    try installation.startRenderer()
    try await installation.waitForEvent(of: id, .rescued)
    #expect(Processes.ofRun(runID) == [])
    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    #expect(job.fence > started.fence ?? 0)
  }

  @Test func `A GPU that is asked for and does not answer is said, or fails the job where the configuration says so`()
    async throws
  {
    let installation = try Installation()
    try #require(
      !FileManager.default.fileExists(atPath: "/proc/driver/nvidia"), "this test is for machines without a GPU")
    let source = try installation.makeBearing()
    let strict = try installation.startRenderer(environment: ["STEPWORKS_RENDER_CPU_FALLBACK": "fail"])
    let refused = try installation.insert(
      "render_still", parameters(source, ["cycles_device": .string("gpu")]), columns: ["max_attempts": "1"])
    let failed = try await installation.waitForEnd(of: refused)
    #expect(failed.state == .failed)
    #expect(failed.error?.message.contains("GPU") == true)
    strict.send(SIGTERM)
    #expect(strict.wait() == 0)

    let worker = try installation.startRenderer()
    let id = try installation.insert("render_still", parameters(source, ["cycles_device": .string("gpu")]))
    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    #expect(job.result?["summary"]?["device"]?["fallback_reason"]?.stringValue?.isEmpty == false)
    let line = "[GPU_PROBE] No GPU found, falling back to CPU — set cycles_device=cpu to suppress this warning"
    #expect(worker.output.contains(line))
    #expect(try installation.sql("SELECT count(*) FROM job_events WHERE job_id = \(id) AND kind = 'warning'") != "0")
  }

  @Test func `A render that needs more memory than it may have is ended and says so`() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.startRenderer(environment: ["STEPWORKS_TOOLS_RENDER_MEMORY_MEGABYTES": "256"])
    let id = try installation.insert(
      "render_still", parameters(source, ["width": .integer(2048), "height": .integer(2048)]),
      columns: ["max_attempts": "1"])
    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .failed)
    #expect(job.error?.failureClass == .outOfMemory, "\(job.error?.message ?? "no error")")
    #expect(job.error?.message.contains("256 MiB") == true, "\(job.error?.message ?? "no error")")
  }

  static let wrongInputs: [(what: String, name: String, content: Data)] = [
    ("a corrupt GLB", "broken.glb", Data("glTF\u{2}\0\0\0 and nothing that follows from it".utf8)),
    ("no model", "letter.glb", Data("Dear all".utf8)),
    ("an empty file", "empty.glb", Data()),
  ]

  @Test(arguments: Self.wrongInputs)
  func `Bad input fails at once with one sentence that names the file`(
    _ input: (what: String, name: String, content: Data)
  )
    async throws
  {
    let installation = try Installation()
    let path = installation.directory + "/" + input.name
    try input.content.write(to: URL(fileURLWithPath: path))
    let id = try installation.insert("render_thumbnail", parameters(path))
    try installation.startRenderer()
    let job = try await installation.waitForEnd(of: id)
    #expect(job.state == .failed)
    #expect(job.error?.failureClass == .invalidInput)
    #expect(job.error?.message.contains(input.name) == true, "\(job.error?.message ?? "no sentence")")
    #expect(job.attempt == 1)
  }

  private static func frames(in directory: String) -> Int {
    let found = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
    return found.filter { $0.hasSuffix(".png") && ($0 as NSString).lastPathComponent.hasPrefix("frame_") }.count
  }

  private static func isBlender(_ pid: pid_t) -> Bool {
    let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
    return command.range(of: Data("python".utf8)) != nil
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
