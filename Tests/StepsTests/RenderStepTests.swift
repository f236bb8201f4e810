import Artifacts
import Foundation
import Jobs
import Steps
import SystemPackage
import Testing
import ToolExecution

@Suite("Render steps", .timeLimit(.minutes(1)))
struct RenderStepTests {
  @Test func `The catalog's definitions are those of its steps; without the tools of some the others are there`() throws
  {
    let fixture = try RenderFixture()
    let steps = StepCatalog.steps(in: fixture.environment).map(\.definition.name)
    #expect(Set(steps) == Set(StepCatalog.definitions.map(\.name)))
    #expect(Set(steps).count == steps.count)
    var bare = fixture.environment
    bare.render = nil
    bare.usd = nil
    #expect(
      Set(StepCatalog.steps(in: bare).map(\.definition.name)) == ["deliver", "export_glb", "extract_metadata", "ping"])
  }

  @Test func `A GLB is rendered at once, and each picture is an artifact that says its view`() async throws {
    let fixture = try RenderFixture()
    let result = try await fixture.run(
      "render_still",
      ["angles": .array([.string("front_0deg"), .string("top_90deg")]), "width": .integer(64), "height": .integer(48)])
    #expect(result.artifacts.map(\.role) == ["still", "still"])
    #expect(
      result.artifacts.map { ($0.path as NSString).lastPathComponent } == [
        "bearing-front_0deg.png", "bearing-top_90deg.png",
      ])
    #expect(
      result.result["artifacts"]?.arrayValue?.map { $0["view"] } == [.string("front_0deg"), .string("top_90deg")])
    #expect(try fixture.request()["derivation_key"]?.stringValue == result.artifacts[0].derivationKey)
  }

  @Test func `The six standard angles are made in one job by one process`() async throws {
    let fixture = try RenderFixture()
    let angles = ["front_0deg", "right_90deg", "back_180deg", "left_270deg", "top_90deg", "three_quarter_45deg"]
    let result = try await fixture.run(
      "render_still", ["angles": .array(angles.map { .string($0) }), "width": .integer(16), "height": .integer(16)])
    #expect(result.artifacts.count == 6)
    let starts = fixture.reports.filter { if case .toolStarted = $0 { true } else { false } }
    #expect(starts.count == 1)
  }

  @Test func `The request says what the configuration and the job say`() async throws {
    let fixture = try RenderFixture()
    _ = try await fixture.run(
      "render_thumbnail",
      [
        "azimuth_degrees": .number(12.5), "materials": .string("library"),
        "material_map": .object(["Ball": .string("Brass")]), "faulty_picture": .string("warn"),
        "cycles_device": .string("cpu"),
      ])
    let request = try fixture.request()
    #expect(request["operation"] == .string("stills"))
    #expect(request["device"] == .string("cpu"))
    #expect(request["samples"] == .integer(10))
    #expect(request["views"]?.arrayValue?.first?["azimuth_degrees"] == .number(12.5))
    #expect(request["materials"]?["map"] == .object(["Ball": .string("Brass")]))
    #expect(request["materials"]?["failed_material"] == .string("Failed"))
    #expect(request["checks"]?["black"] == .string("warn"))
    #expect(request["model_name"] == .string("bearing.glb"))
    #expect(request["derivation_key"]?.stringValue?.count == 64)
  }

  static let lies: [(what: String, trick: String)] = [
    ("a picture of another size", "png(result['outputs'][0]['path'], 3, 3, 9)"),
    ("a truncated picture", "os.truncate(result['outputs'][0]['path'], 60)"),
    ("no picture", "open(result['outputs'][0]['path'], 'w').write('hello')"),
    ("one picture too few", "result['outputs'] = result['outputs'][1:]"),
    ("no output at all", "result.clear()"),
  ]

  @Test(arguments: Self.lies)
  func `Exit 0 is not enough: nothing is published`(_ lie: (what: String, trick: String)) async throws {
    let fixture = try RenderFixture(trick: lie.trick)
    let failure = await fixture.failure(
      "render_still",
      [
        "angles": .array([.string("front_0deg"), .string("top_90deg")]), "width": .integer(32), "height": .integer(32),
      ])
    #expect(failure?.failureClass == .invalidOutput, "\(lie.what): \(failure?.message ?? "no failure")")
    #expect(try fixture.published() == [])
  }

  @Test func `A STEP file waits for its mesh and is rendered from it`() async throws {
    let fixture = try RenderFixture()
    let part = fixture.directory.appending("part.step")
    try Data("ISO-10303-21;\nHEADER;".utf8).write(to: URL(fileURLWithPath: part.string))
    let source: [String: JSONValue] = ["source": .string(part.string), "preset": .string("preview")]
    let asked = try await fixture.asked("render_thumbnail", source)
    #expect(asked.map(\.step) == ["export_glb"])
    #expect(asked.first?.parameters == .object(source))
    fixture.record(asked[0], 7, Self.export(of: "ISO-10303-21;\nHEADER;", fixture.model.string))
    let result = try await fixture.run("render_thumbnail", source)
    #expect(result.artifacts.map(\.role) == ["thumbnail"])
    #expect((result.artifacts[0].path as NSString).lastPathComponent.hasPrefix("part-"))
  }

  @Test func `A STEP file that changed since its mesh was made waits for another mesh`() async throws {
    let fixture = try RenderFixture()
    let part = fixture.directory.appending("part.step")
    try Data("ISO-10303-21; new".utf8).write(to: URL(fileURLWithPath: part.string))
    let request = JobRequest(step: "export_glb", parameters: .object([:]))
    fixture.record(request, 1, Self.export(of: "ISO-10303-21; old", fixture.model.string))
    #expect(try await fixture.asked("render_thumbnail", ["source": .string(part.string)]).count == 1)
    fixture.record(request, 2, Self.export(of: "ISO-10303-21; new", fixture.model.string))
    #expect(try await fixture.run("render_thumbnail", ["source": .string(part.string)]).artifacts.count == 1)
  }

  @Test func `A mesh that is damaged in the store is asked for again`() async throws {
    let fixture = try RenderFixture()
    let part = fixture.directory.appending("part.step")
    try Data("ISO-10303-21;".utf8).write(to: URL(fileURLWithPath: part.string))
    let result = Self.export(of: "ISO-10303-21;", fixture.model.string)
    fixture.record(JobRequest(step: "export_glb", parameters: .object([:])), 1, result)
    let mesh = FileHandle(forUpdatingAtPath: fixture.model.string)
    try mesh?.seekToEnd()
    try mesh?.write(contentsOf: Data([0]))
    try mesh?.close()
    #expect(try await fixture.asked("render_thumbnail", ["source": .string(part.string)]).map(\.step) == ["export_glb"])
  }

  @Test func `An export that its producer made it wait for is not its mesh: it may be of another fineness`()
    async throws
  {
    let fixture = try RenderFixture()
    let part = fixture.directory.appending("part.step")
    try Data("ISO-10303-21;".utf8).write(to: URL(fileURLWithPath: part.string))
    let request = JobRequest(step: "export_glb", parameters: .object(["preset": .string("preview")]))
    fixture.record(request, 1, Self.export(of: "ISO-10303-21;", fixture.model.string), isChild: false)
    let asked = try await fixture.asked(
      "render_thumbnail", ["source": .string(part.string), "preset": .string("hero")])
    #expect(asked.first?.parameters["preset"] == .string("hero"))
  }

  @Test func `A STEP file with the name of a GLB is rendered from its mesh`() async throws {
    let fixture = try RenderFixture()
    let part = fixture.directory.appending("sub")
    try FileManager.default.createDirectory(atPath: part.string, withIntermediateDirectories: true)
    let source = part.appending("bearing.glb").string
    try Data("ISO-10303-21;".utf8).write(to: URL(fileURLWithPath: source))
    fixture.record(
      JobRequest(step: "export_glb", parameters: .object([:])), 1,
      Self.export(of: "ISO-10303-21;", fixture.model.string))
    #expect(try await fixture.run("render_thumbnail", ["source": .string(source)]).artifacts.count == 1)
  }

  @Test func `What is neither GLB nor STEP is refused with one sentence`() async throws {
    let fixture = try RenderFixture()
    let file = fixture.directory.appending("notes.glb")
    try Data("Dear all".utf8).write(to: URL(fileURLWithPath: file.string))
    let failure = await fixture.failure("render_still", ["source": .string(file.string)])
    #expect(
      failure
        == JobFailure(
          .invalidInput, "\(file) is neither a GLB nor a STEP file; give one of these, whole and uncompressed."))
  }

  @Test func `The template's background without a template is refused before anything is asked for`() async throws {
    let fixture = try RenderFixture()
    for step in ["render_still", "render_turntable", "render_thumbnail", "export_blend"] as [StepName] {
      #expect(await fixture.failure(step, ["background": .string("template")])?.failureClass == .invalidInput)
    }
  }

  @Test func `A template that is not there is missing input`() async throws {
    let fixture = try RenderFixture()
    let failure = await fixture.failure("render_still", ["template": .string("studio.blend")])
    #expect(failure?.failureClass == .missingInput)
    #expect(failure?.message.contains("studio.blend") == true)
  }

  @Test
  func `The template's content, the samples and the device are part of the derivation key, the source's place is not`()
    async throws
  {
    let fixture = try RenderFixture()
    let template = fixture.directory.appending("studio.blend")
    func key(_ parameters: [String: JSONValue]) async throws -> String? {
      try await fixture.run("render_thumbnail", parameters).artifacts.first?.derivationKey
    }
    let plain = try await key([:])
    #expect(try await key([:]) == plain)
    #expect(try await key(["source": .string("bearing.glb")]) == plain)
    #expect(try await key(["samples": .integer(17)]) != plain)
    try Data("BLENDER one".utf8).write(to: URL(fileURLWithPath: template.string))
    let one = try await key(["template": .string(template.string)])
    try Data("BLENDER two".utf8).write(to: URL(fileURLWithPath: template.string))
    #expect(try await key(["template": .string(template.string)]) != one)
  }

  @Test func `A template that changes while it is used is used again, so that no picture has the key of another`()
    async throws
  {
    let fixture = try RenderFixture(trick: "open(request['template'], 'a').write(' and more')")
    let template = fixture.directory.appending("studio.blend")
    try Data("BLENDER one".utf8).write(to: URL(fileURLWithPath: template.string))
    for step in ["render_still", "render_frames"] {
      await #expect(throws: StepSnooze.self) {
        try await fixture.run(StepName(rawValue: step), ["template": .string(template.string)])
      }
    }
    #expect(try fixture.published() == [])
  }

  @Test func `What a GPU should have made and the processor did is not taken over`() async throws {
    let small: [String: JSONValue] = ["width": .integer(16), "height": .integer(16)]
    let plain = try RenderFixture(device: .gpu)
    let made = try await plain.run("render_still", small)
    #expect(made.result["summary"]?["device"]?["used"] == .string("cpu"))
    #expect(try await plain.run("render_still", small, job: 2, after: made).outcome == .cached)
    for fixture in [
      try RenderFixture(device: .gpu, gpuBackend: "OPTIX"), try RenderFixture(device: .gpu, cpuFallback: .fail),
    ] {
      #expect(try await fixture.run("render_still", small, after: made).outcome == .done)
      let cpu = small.merging(["cycles_device": .string("cpu")]) { $1 }
      #expect(try await fixture.run("render_still", cpu, job: 2, after: made).outcome == .cached)
    }
  }

  @Test func `Thumbnails share a waiting process, stills have one of their own`() async throws {
    let fixture = try RenderFixture(isWarm: true)
    let first = try await fixture.run("render_thumbnail", ["width": .integer(16), "height": .integer(16)])
    let second = try await fixture.run("render_thumbnail", ["width": .integer(16), "height": .integer(16)], job: 2)
    #expect(first.artifacts.map(\.sha256) == second.artifacts.map(\.sha256))
    _ = try await fixture.run("render_still", ["width": .integer(16), "height": .integer(16)], job: 3)
    let processes = fixture.reports.compactMap { report in
      if case .toolStarted(let process) = report { process.pid } else { nil }
    }
    #expect(processes.count == 3)
    #expect(processes[0] == processes[1])
    #expect(processes[2] != processes[0])
    await fixture.environment.render?.warm?.close()
  }

  @Test func `Renders at the same time have processors and cards of their own`() async throws {
    // Each waits until both are there, so that they do run at the same time.
    let meet = """
      open(request['derivation_key'], 'w').close(); os.link(request['derivation_key'], '../../' + request['derivation_key']); \
      [None for _ in iter(lambda: len([name for name in os.listdir('../..') if len(name) == 64]) < 2, False)]
      """
    let fixture = try RenderFixture(trick: meet, gpus: ["GPU-1", "GPU-2"], concurrency: 2)
    let small: [String: JSONValue] = ["width": .integer(16), "height": .integer(16)]
    async let one = fixture.run("render_still", small.merging(["seed": .integer(1)]) { $1 }, job: 1)
    async let two = fixture.run("render_still", small.merging(["seed": .integer(2)]) { $1 }, job: 2)
    let summaries = try await [one, two].map { $0.result["summary"] }
    #expect(Set(summaries.map { $0?["card"] }) == [.string("GPU-1"), .string("GPU-2")])
    let processors = summaries.map { Set($0?["processors"]?.arrayValue ?? []) }
    if Processors.usable().count > 1 {
      #expect(processors[0].isDisjoint(with: processors[1]))
    }
    let alone = try RenderFixture(gpus: ["GPU-1"])
    let summary = try await alone.run("render_still", small.merging(["cycles_device": .string("cpu")]) { $1 }).result[
      "summary"]
    #expect(summary?["card"] == .null)
    #expect(summary?["processors"]?.arrayValue?.count == Processors.usable().count)
  }

  @Test func `The .blend is published`() async throws {
    let fixture = try RenderFixture()
    let result = try await fixture.run("export_blend")
    #expect(result.artifacts.map(\.role) == ["blend"])
    let liar = try RenderFixture(trick: "open('bearing.blend', 'w').write('hello')")
    #expect(await liar.failure("export_blend")?.failureClass == .invalidOutput)
  }

  private static func export(of text: String, _ glb: String) -> JSONValue {
    .object([
      "source_sha256": .string(FileDigest.sha256(of: text)),
      "artifacts": .array([
        .object([
          "role": .string("glb"), "path": .string(glb),
          "sha256": .string((try? FileDigest(of: FilePath(glb)).sha256) ?? ""),
        ])
      ]),
    ])
  }
}
