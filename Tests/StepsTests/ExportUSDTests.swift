import Artifacts
import Foundation
import Jobs
import Steps
import SystemPackage
import Testing

@Suite("Exporting USD with a tool that misbehaves", .timeLimit(.minutes(1)))
struct ExportUSDTests {
  /// A tool that makes what the request asks for, of sound shape. A trick makes it lie.
  private static func tool(trick: String = "pass") -> String {
    """
    exec python3 - "$1" <<'PYTHON'
    import json, struct, sys

    def write(path, data):
        with open(path, "wb") as file:
            file.write(data)

    request = json.load(open(sys.argv[1]))
    name, outputs = request["name"], []
    roles = {"usdc": "usd", "usdz": "usdz", "usda": "usda"}
    table = struct.pack("<q16sqq", 1, b"TOKENS", 88, 8)
    crate = b"PXR-USDC" + bytes([0, 8, 0, 0, 0, 0, 0, 0]) + struct.pack("<q", 96) + bytes(64) + b"contents" + table
    inside = b"part.usdc"
    padding = -(30 + len(inside) + 4) % 64
    local = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, len(crate), len(crate), len(inside), padding + 4)
    data = b"PK\\x03\\x04" + local + inside + struct.pack("<HH", 0x1986, padding) + bytes(padding) + crate
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, 50, len(data), 0)
    package = data + b"PK\\x01\\x02" + bytes(46) + b"PK\\x05\\x06" + end
    files = {"usdc": crate, "usdz": package, "usda": b'#usda 1.0\\n\\ndef Xform "Root"\\n{\\n}\\n\\n'}
    for kind in request["formats"]:
        write(f"{name}.{kind}", files[kind])
        outputs.append({"role": roles[kind], "path": f"{name}.{kind}", "media_type": "model/vnd.usd"})
    write(f"{name}.usd-report.json", b"{}\\n")
    outputs.append({"role": "report", "path": f"{name}.usd-report.json", "media_type": "application/json"})
    \(trick)
    print(json.dumps({"result": {"outputs": outputs, "summary": {"prims": 31}}}))
    PYTHON
    """
  }

  private static let all: [String: JSONValue] = [
    "formats": .array([.string("usda"), .string("usdz"), .string("usdc")])
  ]

  private func fixture(trick: String = "pass") throws -> StepFixture {
    try StepFixture(tool: Self.tool(trick: trick), source: ("part.glb", "glTF and more"))
  }

  private func request(_ fixture: StepFixture) throws -> JSONValue {
    let log = fixture.directory.appending("data/logs/attempt-1-1/request.json").string
    return try JSONValue(parsing: try String(contentsOfFile: log, encoding: .utf8))
  }

  @Test func `The master alone is made of a GLB, with a report, unless more is asked for`() async throws {
    let fixture = try fixture()
    let result = try await fixture.run("export_usd")
    #expect(result.artifacts.map(\.role) == ["usd", "report"])
    #expect(result.result["summary"] == .object(["prims": .integer(31)]))
    #expect(result.result["input_sha256"]?.stringValue?.count == 64)
    let request = try request(fixture)
    #expect(request["operation"] == .string("export_usd"))
    #expect(request["model_name"] == .string("part.glb"))
    #expect(request["on_deviation"] == .string("warn"))
    #expect(request["derivation_key"]?.stringValue == result.artifacts[0].derivationKey)
    #expect(fixture.attempts == [])
  }

  @Test func `Models of equal content and other names are told apart, for the report names them`() async throws {
    let named = try StepFixture(tool: Self.tool(), source: ("part.gltf", "glTF and more"))
    let (first, second) = (try await fixture().run("export_usd"), try await named.run("export_usd"))
    #expect(first.artifacts[0].derivationKey != second.artifacts[0].derivationKey)
  }

  @Test func `All formats come of one run, and the order of asking makes no other derivation`() async throws {
    let fixture = try fixture()
    let result = try await fixture.run("export_usd", Self.all)
    #expect(result.artifacts.map(\.role) == ["usd", "usdz", "usda", "report"])
    let other = try await fixture.run(
      "export_usd", ["formats": .array([.string("usdc"), .string("usda"), .string("usdz")])])
    #expect(result.artifacts[0].derivationKey == other.artifacts[0].derivationKey)
    let fewer = try await fixture.run("export_usd")
    #expect(result.artifacts[0].derivationKey != fewer.artifacts[0].derivationKey)
  }

  static let lies: [(what: String, trick: String)] = [
    ("a .usdc that is none", "write(f'{name}.usdc', b'hello' * 40)"),
    ("a truncated .usdc", "write(f'{name}.usdc', crate[:-20])"),
    ("a .usdc whose sections lie elsewhere", "write(f'{name}.usdc', crate[:-8] + struct.pack('<q', 999))"),
    ("a .usdz that is a .usdc", "write(f'{name}.usdz', crate)"),
    ("a compressed .usdz", "write(f'{name}.usdz', package[:8] + bytes([8]) + package[9:])"),
    ("a .usdz with its data anywhere", "write(f'{name}.usdz', package[:28] + bytes([padding + 5]) + package[29:])"),
    ("a .usdz that begins with a picture", "write(f'{name}.usdz', package.replace(b'part.usdc', b'part.jpeg'))"),
    ("a truncated .usdz", "write(f'{name}.usdz', package[:-3])"),
    ("a truncated .usda", "write(f'{name}.usda', files['usda'][:-5])"),
    ("a .usda that is none", "write(f'{name}.usda', b'{}')"),
    ("a report that is none", "write(f'{name}.usd-report.json', b'fine')"),
    ("one format too few", "del outputs[1]"),
    ("no report", "outputs.pop()"),
    ("a file more than wanted", "outputs.append(outputs[0])"),
  ]

  @Test(arguments: Self.lies)
  func `Exit 0 is not enough: nothing is published`(_ lie: (what: String, trick: String)) async throws {
    let fixture = try fixture(trick: lie.trick)
    let failure = await fixture.failure("export_usd", Self.all)
    #expect(failure?.failureClass == .invalidOutput, "\(lie.what): \(failure?.message ?? "no failure")")
    let published = try FileManager.default.contentsOfDirectory(
      atPath: fixture.directory.appending("data/artifacts").string)
    #expect(published == [])
  }

  @Test func `A STEP file waits for its mesh, of the fineness that was asked for`() async throws {
    let fixture = try StepFixture(tool: Self.tool())
    do {
      _ = try await fixture.run("export_usd", ["preset": .string("hero")])
      Issue.record("there is no mesh yet")
    } catch let wait as StepAwait {
      #expect(wait.jobs.map(\.step) == ["export_glb"])
      #expect(
        wait.jobs.first?.parameters
          == .object(["source": .string(fixture.source.string), "preset": .string("hero")]))
    }
  }
}
