import Foundation
import Jobs
import Steps
import SystemPackage
import Testing
import ToolExecution

@Suite("CAD steps and a tool that misbehaves", .timeLimit(.minutes(1)))
struct CADStepTests {
  /// A GLB of 20 + 32 + 8 + 4 bytes, as `printf` writes it.
  private static let document = #"{"meshes":[{}],"nodes":[{}]}    "#
  private static let glb = """
    printf 'glTF\\002\\000\\000\\000\\100\\000\\000\\000\\040\\000\\000\\000JSON\(document)\\004\\000\\000\\000BIN\\000\\000\\000\\000\\000' > part.glb
    """
  private static let result =
    #"echo '{"result":{"outputs":[{"role":"glb","path":"part.glb","media_type":"model/gltf-binary"}],"summary":{"nodes":1}}}'"#

  @Test("What the tool made is published, and its progress, warnings and cost are told")
  func publishes() async throws {
    let fixture = try StepFixture(
      tool: """
        echo '{"phase":"mesh"}'
        echo '{"progress":0.5,"message":"meshing"}'
        echo '{"log":"warning","message":"a face has no colour"}'
        \(Self.glb)
        \(Self.result)
        """)
    let result = try await fixture.run("export_glb")
    #expect(result.result["summary"] == .object(["nodes": .integer(1)]))
    #expect(result.artifacts.map(\.role) == ["glb"])
    #expect(fixture.reports.contains(.progress(0.5, "meshing")))
    #expect(fixture.reports.contains(.log(.warning, "a face has no colour")))
    let told = fixture.reports.filter { if case .phase = $0 { false } else { true } }
    guard case .toolStarted(let process) = told.first else {
      Issue.record("the process must be recorded before anything else")
      return
    }
    #expect(process.runID == "\(fixture.environment.databaseID)-1-1")
    guard case .toolEnded(let usage) = told.last else {
      Issue.record("the cost must be told")
      return
    }
    #expect(usage.exit == 0)
    let phases = fixture.reports.compactMap { if case .phase(let name) = $0 { name } else { nil } }
    #expect(phases == ["snapshot", "launch", "mesh", "check", "publish"])
    #expect(fixture.attempts == [])
  }

  @Test("The request names the private copy, its digest and the parameters with their defaults")
  func request() async throws {
    let fixture = try StepFixture(tool: "cp \"$1\" part.glb; \(Self.result)")
    #expect(await fixture.failure()?.failureClass == .invalidOutput)
    let log = fixture.directory.appending("data/logs/attempt-1-1/request.json").string
    let request = try JSONValue(parsing: try String(contentsOfFile: log, encoding: .utf8))
    #expect(request["operation"] == .string("export_glb"))
    #expect(request["name"] == .string("part"))
    #expect(request["source"]?.stringValue?.hasSuffix("/attempts/attempt-1-1/input/part.step") == true)
    #expect(
      request["parameters"]
        == .object(["preset": .string("production"), "variant": .string("none"), "on_deviation": .string("warn")]))
    #expect(request["input_semantic_sha256"]?.stringValue?.count == 64)
    #expect(request["derivation_key"]?.stringValue?.count == 64)
  }

  @Test(
    "What names its file is another file's when the whole name differs; a mesh is not",
    arguments: [("extract_metadata", true), ("export_glb", false)])
  func names(_ step: String, _ differs: Bool) async throws {
    var requests: [JSONValue] = []
    for name in ["part.step", "part.stp"] {
      let fixture = try StepFixture(tool: "exit 65", source: (name, "ISO-10303-21;"))
      #expect(await fixture.failure(StepName(rawValue: step))?.failureClass == .invalidInput)
      let log = fixture.directory.appending("data/logs/attempt-1-1/request.json").string
      requests.append(try JSONValue(parsing: try String(contentsOfFile: log, encoding: .utf8)))
    }
    #expect((requests[0]["derivation_key"] != requests[1]["derivation_key"]) == differs)
    // The document says it, and the source's digest.
    #expect((requests[0]["source_sha256"]?.stringValue?.count == 64) == differs)
  }

  static let lies: [(what: String, script: String)] = [
    ("no result", "true"),
    ("a result without outputs", "echo '{\"result\":{}}'"),
    ("an output that is not there", result),
    ("an empty output", ": > part.glb; \(result)"),
    ("an output that is no GLB", "echo hello hello hello hello > part.glb; \(result)"),
    ("a truncated GLB", "\(glb); truncate -s 30 part.glb; \(result)"),
    ("a GLB that goes on after its end", "\(glb); echo >> part.glb; \(result)"),
    (
      "an output outside its directory",
      "echo '{\"result\":{\"outputs\":[{\"role\":\"x\",\"path\":\"../../../x\",\"media_type\":\"m\"}]}}'"
    ),
  ]

  @Test("Exit 0 is not enough: nothing is published", arguments: Self.lies)
  func validates(_ lie: (what: String, script: String)) async throws {
    let fixture = try StepFixture(tool: lie.script)
    let failure = await fixture.failure()
    #expect(failure?.failureClass == .invalidOutput, "\(lie.what): \(failure?.message ?? "no failure")")
    let published = try FileManager.default.contentsOfDirectory(
      atPath: fixture.directory.appending("data/artifacts").string)
    #expect(published == [])
    #expect(fixture.attempts == [])
  }

  static let endings: [(script: String, failureClass: FailureClass)] = [
    ("exit 65", .invalidInput), ("exit 66", .missingInput), ("exit 70", .toolFailed), ("kill -SEGV $$", .toolCrashed),
    ("exec head -c 2000000 /dev/zero > big", .noSpace), ("sleep 60", .stalled),
    ("echo '{\"error\":{\"class\":\"no_space\",\"message\":\"Full.\"}}'; exit 74", .noSpace),
  ]

  @Test("The end of a tool becomes a class", arguments: Self.endings)
  func classifies(_ ending: (script: String, failureClass: FailureClass)) async throws {
    let fixture = try StepFixture(tool: ending.script)
    let failure = await fixture.failure()
    #expect(failure?.failureClass == ending.failureClass, "\(ending.script): \(failure?.message ?? "none")")
  }

  @Test("Every class that a tool run can end with is a class of jobs", arguments: ToolFailureKind.allCases)
  func classes(_ kind: ToolFailureKind) {
    #expect(FailureClass(rawValue: kind.rawValue) != nil)
  }

  @Test("The tool's own sentence is passed on, with the producer's file in place of the private copy")
  func sentence() async throws {
    let fixture = try StepFixture(
      tool: """
        source=$(sed 's/.*"source":"\\([^"]*\\)".*/\\1/' "$1")
        echo "{\\"error\\":{\\"class\\":\\"invalid_input\\",\\"message\\":\\"$source is odd.\\"}}"
        exit 65
        """)
    let failure = await fixture.failure("extract_metadata")
    #expect(failure == JobFailure(.invalidInput, "\(fixture.source) is odd.", exit: 65))
  }

  @Test("A tool that asks for later snoozes the job")
  func later() async throws {
    let fixture = try StepFixture(tool: "exit 75")
    await #expect(throws: StepSnooze.self) { try await fixture.run("export_glb") }
  }

  @Test("A tool that is not there is the machine's fault")
  func missingTool() async throws {
    let fixture = try StepFixture(tool: "true")
    try FileManager.default.removeItem(atPath: fixture.environment.cad.executable.string)
    #expect(await fixture.failure()?.failureClass == .missingTool)
  }

  @Test("A stopped job ends its tool and is no failure")
  func stopped() async throws {
    let fixture = try StepFixture(tool: "echo '{\"progress\":0.1}'; exec sleep 60")
    let run = Task { try await fixture.run("export_glb") }
    while !fixture.reports.contains(.progress(0.1, nil)) { await Task.yield() }
    run.cancel()
    await #expect(throws: CancellationError.self) { try await run.value }
    #expect(fixture.attempts == [])
  }
}
