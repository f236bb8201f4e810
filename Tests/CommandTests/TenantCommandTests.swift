import Jobs
import TestSupport
import Testing

struct TenantCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func `Tenants show the room that their artifacts take`() async throws {
    #expect(
      try workshop.run("tenants", "add", "acme", "--max-artifact-bytes", "10").output == "Tenant acme: 0 B of 10 B.\n")
    let maker = try await Maker(workshop)
    try await maker.make(tenant: "acme", files: [.init("a.glb", "glb", "123456789")])
    try await maker.make(source: "/b.step", tenant: "acme", files: [.init("a.glb", "glb", "123456789")])
    try workshop.run("enqueue", "ping", "--tenant", "acme", "--delay", "1h")
    let lines = try workshop.run("tenants").lines
    #expect(lines[0] == "TENANT   UNFINISHED  ARTIFACTS  SIZE  LIMIT  USED")
    #expect(lines[1] == "acme              1          2   9 B   10 B  90 %")
    #expect(lines[2] == "default           0          0   0 B      -     -")
    let document = try workshop.run("tenants", "--json").json.arrayValue?.first
    #expect(document?["artifact_bytes"] == .integer(9))
    #expect(document?["max_artifact_bytes"] == .integer(10))
  }

  @Test func `A limit is set and taken away`() throws {
    let set = try workshop.run("tenants", "set", "default", "--max-artifact-bytes", "1.5GB", "--json")
    #expect(try set.json["max_artifact_bytes"] == .integer(1_500_000_000))
    #expect(
      try workshop.run("tenants", "set", "default", "--max-artifact-bytes", "2GiB").output
        == "Tenant default: 0 B of 2.1 GB.\n")
    #expect(
      try workshop.run("tenants", "set", "default", "--max-artifact-bytes", "none").output
        == "Tenant default: 0 B without a limit.\n")
  }

  @Test(arguments: [
    (["set", "default", "--max-artifact-bytes", "0"], 64), (["set", "default", "--max-artifact-bytes", "much"], 64),
    (["set", "default"], 64), (["set", "nobody", "--max-artifact-bytes", "none"], 66), (["add", ""], 64),
    (["add", "default"], 65),
  ])
  func `What cannot be meant is refused`(_ arguments: [String], _ status: Int) throws {
    let result = try Program.run([Workshop.program, "tenants"] + arguments + ["-d", workshop.database])
    #expect(Int(result.status) == status, "\(result.errors)")
  }
}
