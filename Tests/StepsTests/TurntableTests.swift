import Artifacts
import Foundation
import Jobs
import Steps
import SystemPackage
import Testing

@Suite("render_turntable", .timeLimit(.minutes(2)))
struct TurntableTests {
  private static let small: [String: JSONValue] = [
    "frames": .integer(13), "width": .integer(64), "height": .integer(49), "fps": .integer(12),
  ]

  @Test func `It asks for a coarse turn first and for every frame once, in chunks`() async throws {
    let fixture = try RenderFixture()
    let jobs = try await fixture.asked("render_turntable", Self.small)
    #expect(jobs.map(\.step) == ["render_turntable", "render_frames", "render_frames", "render_frames"])
    #expect(jobs[0].parameters["frames"] == .integer(4))
    #expect(jobs[0].parameters["width"] == .integer(32))
    #expect(jobs[0].parameters["preview"] == .bool(false))
    #expect((jobs[0].priority ?? 0) > 0)
    let frames = jobs.dropFirst().flatMap { job -> [Int64] in
      guard let first = job.parameters["first"]?.integerValue, let count = job.parameters["count"]?.integerValue else {
        return []
      }
      return Array(first..<first + count)
    }
    #expect(frames == Array(0..<13))
  }

  @Test func `The chunks are as long as they are wanted`() async throws {
    let fixture = try RenderFixture()
    let jobs = try await fixture.asked(
      "render_turntable", Self.small.merging(["chunk_frames": .integer(5), "preview": .bool(false)]) { $1 })
    #expect(jobs.map { $0.parameters["count"] } == [.integer(5), .integer(5), .integer(3)])
  }

  @Test func `Once the frames are there it is encoded, each film is what it says, and nothing is asked for again`()
    async throws
  {
    let fixture = try RenderFixture()
    let preview = try await fixture.asked("render_turntable", Self.small)[0]
    try await fixture.runAll(try await Self.frameJobs(of: fixture, Self.small))
    #expect(preview.parameters["faulty_picture"] == .string("warn"))
    fixture.record(
      preview, 99,
      .object([
        "input_sha256": .string(try FileDigest(of: fixture.model).sha256),
        "artifacts": .array([.object(["role": .string("webp")])]),
      ]))
    let result = try await fixture.run("render_turntable", Self.small)
    #expect(result.artifacts.map(\.role) == ["mp4", "webm", "webp", "contact_sheet", "poster"])
    #expect(result.result["frames"]?.arrayValue?.count == 13)
    #expect(result.result["summary"]?["frames"] == .integer(13))
    #expect(result.result["summary"]?["device"]?["used"] == .string("cpu"))
    #expect(result.result["preview"]?.arrayValue?.isEmpty == false)
    // The bytes depend on nothing but the frames.
    let again = try await fixture.run("render_turntable", Self.small, fence: 2)
    #expect(again.artifacts.map(\.sha256) == result.artifacts.map(\.sha256))
  }

  @Test func `A film that the processor made for want of a GPU is not taken over where there is one`() async throws {
    let parameters = Self.small.merging(["formats": .array([.string("mp4")]), "preview": .bool(false)]) { $1 }
    let plain = try RenderFixture(device: .gpu)
    try await plain.runAll(try await Self.frameJobs(of: plain, parameters))
    let film = try await plain.run("render_turntable", parameters)
    #expect(try await plain.run("render_turntable", parameters, job: 70, after: film).outcome == .cached)
    for fixture in [
      try RenderFixture(device: .gpu, gpuBackend: "OPTIX"), try RenderFixture(device: .gpu, cpuFallback: .fail),
    ] {
      await #expect(throws: StepAwait.self) {
        try await fixture.run("render_turntable", parameters, job: 70, after: film)
      }
    }
  }

  @Test func `A film of frames from a GPU and from the processor says so`() async throws {
    let parameters = Self.small.merging(["formats": .array([.string("mp4")]), "preview": .bool(false)]) { $1 }
    let fixture = try RenderFixture()
    for (index, job) in try await Self.frameJobs(of: fixture, parameters).enumerated() {
      let id = JobID(index + 10)
      var result = try await fixture.run(job.step, job.parameters.objectValue ?? [:], job: id).result.objectValue ?? [:]
      if index == 0 { result["summary"] = .object(["device": .object(["used": .string("OPTIX")])]) }
      fixture.record(job, id, .object(result))
    }
    let film = try await fixture.run("render_turntable", parameters)
    #expect(film.result["summary"]?["device"]?["used"] == .string("cpu"))
    let warnings = fixture.reports.filter { report in
      if case .log(.warning, let message) = report { message.contains("some on the processor") } else { false }
    }
    #expect(warnings.count == 1)
  }

  @Test func `Only the wanted formats are made, in any size`() async throws {
    let fixture = try RenderFixture()
    let parameters = Self.small.merging([
      "formats": .array([.string("mp4")]), "preview": .bool(false), "width": .integer(33), "height": .integer(31),
      "background": .string("white"),
    ]) { $1 }
    try await fixture.runAll(try await Self.frameJobs(of: fixture, parameters))
    let result = try await fixture.run("render_turntable", parameters)
    #expect(result.artifacts.map(\.role) == ["mp4", "contact_sheet", "poster"])
  }

  @Test func `A frame that is gone from the store is rendered again, one that was changed is an error`() async throws {
    let fixture = try RenderFixture()
    let parameters = Self.small.merging(["preview": .bool(false)]) { $1 }
    try await fixture.runAll(try await Self.frameJobs(of: fixture, parameters))
    let frames = try await fixture.run("render_turntable", parameters).result["frames"]?.arrayValue ?? []
    let path = try #require(frames[7].stringValue)
    let picture = try Data(contentsOf: URL(fileURLWithPath: path))
    try FileManager.default.removeItem(atPath: path)
    let asked = try await fixture.asked("render_turntable", parameters)
    #expect(asked.map { $0.parameters["first"] } == [.integer(6)])
    try (picture + Data([0])).write(to: URL(fileURLWithPath: path))
    let failure = await fixture.failure("render_turntable", parameters)
    #expect(failure?.failureClass == .invalidOutput)
    #expect(failure?.message.contains(path) == true)
  }

  @Test func `Frames of a model that has changed since are not used`() async throws {
    let fixture = try RenderFixture()
    let parameters = Self.small.merging(["preview": .bool(false)]) { $1 }
    let jobs = try await Self.frameJobs(of: fixture, parameters)
    try await fixture.runAll(jobs)
    try Data("glTF and something else".utf8).write(to: URL(fileURLWithPath: fixture.model.string))
    #expect(try await fixture.asked("render_turntable", parameters).count == jobs.count)
  }

  @Test func `Frames made with another template do not fit, whatever their model`() async throws {
    let fixture = try RenderFixture()
    let template = fixture.directory.appending("t.blend").string
    try Data("BLENDER one".utf8).write(to: URL(fileURLWithPath: template))
    let parameters = Self.small.merging(["preview": .bool(false), "template": .string(template)]) { $1 }
    let jobs = try await Self.frameJobs(of: fixture, parameters)
    try await fixture.runAll(jobs)
    #expect(try await fixture.asked("render_turntable", parameters) == [])
    try Data("BLENDER two".utf8).write(to: URL(fileURLWithPath: template))
    #expect(try await fixture.asked("render_turntable", parameters).count == jobs.count)
  }

  @Test func `A turn of many frames in chunks of one stays within what a job may ask for`() async throws {
    let fixture = try RenderFixture()
    let jobs = try await fixture.asked(
      "render_turntable", ["frames": .integer(1440), "chunk_frames": .integer(1)])
    #expect(jobs.count <= StepAwait.maximumJobs)
    #expect(jobs.dropFirst().compactMap { $0.parameters["count"]?.integerValue }.reduce(0, +) == 1440)
  }

  @Test(arguments: [1, 3, 7] as [Int64])
  func `Slow films are what they say too`(_ fps: Int64) async throws {
    let fixture = try RenderFixture()
    let parameters = Self.small.merging([
      "preview": .bool(false), "frames": .integer(2), "fps": .integer(fps),
    ]) { $1 }
    try await fixture.runAll(try await Self.frameJobs(of: fixture, parameters))
    #expect(try await fixture.run("render_turntable", parameters).artifacts.count == 5)
  }

  @Test func `A chunk that was cut short goes on with the frames it has`() async throws {
    // The first run dies after its frames are written; the second makes none and finds them.
    let fixture = try RenderFixture(
      trick:
        "if request['operation'] == 'frames' and os.path.exists('/proc/self') and not os.path.exists(request['frames_directory'] + '/died'): open(request['frames_directory'] + '/died', 'w').close(); os.kill(os.getpid(), 9)"
    )
    let chunk: [String: JSONValue] = [
      "frames": .integer(6), "first": .integer(2), "count": .integer(3), "width": .integer(16), "height": .integer(16),
    ]
    #expect(await fixture.failure("render_frames", chunk)?.failureClass == .toolCrashed)
    let directory = try #require(try fixture.request()["frames_directory"]?.stringValue)
    #expect(FileManager.default.fileExists(atPath: directory + "/frame_0003.png"))
    let result = try await fixture.run("render_frames", chunk, fence: 2)
    #expect(result.result["artifacts"]?.arrayValue?.map { $0["frame"] } == [.integer(2), .integer(3), .integer(4)])
    try await fixture.environment.store.sweepPartial { $0 }
    #expect(FileManager.default.fileExists(atPath: directory))
    try await fixture.environment.store.sweepPartial { _ in [] }
    #expect(!FileManager.default.fileExists(atPath: directory))
  }

  @Test func `Frames beyond the turn are refused`() async throws {
    let fixture = try RenderFixture()
    let failure = await fixture.failure(
      "render_frames", ["frames": .integer(4), "first": .integer(3), "count": .integer(2)])
    #expect(
      failure == JobFailure(.invalidInput, "The frames 3–4 are not all among the 4 of the turn (0–3)."))
  }

  static let lies: [(what: String, trick: String)] = [
    ("frames of another chunk", "result['outputs'].reverse()"),
    ("a frame of another size", "png(os.path.join(request['frames_directory'], 'frame_0001.png'), 5, 5, 1)"),
  ]

  @Test(arguments: Self.lies)
  func `A chunk that is not what was asked for is not published`(_ lie: (what: String, trick: String)) async throws {
    let fixture = try RenderFixture(trick: lie.trick)
    let failure = await fixture.failure(
      "render_frames", ["frames": .integer(3), "width": .integer(16), "height": .integer(16)])
    #expect(failure?.failureClass == .invalidOutput, "\(lie.what): \(failure?.message ?? "no failure")")
    #expect(try fixture.published() == [])
  }

  /// The jobs that render the frames.
  private static func frameJobs(of fixture: RenderFixture, _ parameters: [String: JSONValue]) async throws
    -> [JobRequest]
  {
    try await fixture.asked("render_turntable", parameters).filter { $0.step == "render_frames" }
  }
}
