import Foundation
import Jobs
import TestSupport
import Testing

struct ArtifactCommandTests {
  private let workshop: Workshop
  private let maker: Maker

  init() async throws {
    workshop = try Workshop()
    maker = try await Maker(workshop)
  }

  /// Jobs 1 to 3, artifacts 1 to 4.
  private func makeSome() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    try await maker.make(
      "render_still",
      files: [
        .init("bearing-front_0deg.png", "picture", "front", view: "front_0deg"),
        .init("bearing-top_90deg.png", "picture", "top", view: "top_90deg"),
      ])
    try await maker.make(source: "/parts/100%_shaft.step", files: [.init("shaft.glb", "glb", "shaft")])
  }

  private func ids(_ arguments: String...) throws -> [Int64] {
    let result = try Program.run(
      [Workshop.program, "artifacts", "list", "--json"] + arguments + ["-d", workshop.database])
    return try result.json.arrayValue?.compactMap { $0["id"]?.integerValue } ?? []
  }

  @Test func `Artifacts are a table, the newest first`() async throws {
    #expect(try workshop.run("artifacts").errors == "No artifacts.\n")
    try await makeSome()
    let lines = try workshop.run("artifacts").lines
    #expect(lines.count == 5)
    #expect(lines[0].hasPrefix("ID  JOB  ROLE     SIZE  AGE  SOURCE"))
    #expect(lines[1].hasPrefix(" 4    3  glb       5 B   "), "\(lines[1])")
    #expect(lines[1].hasSuffix("/shaft.glb"))
    #expect(lines[1].contains("100%_shaft.step  /"))
    let short = try workshop.run("artifacts", "--limit", "1")
    #expect(short.lines.count == 2)
    #expect(short.errors == "Only the newest 1; --limit shows more.\n")
  }

  @Test func `They are filtered by role, step, job, tenant, source, text and age`() async throws {
    try await makeSome()
    try maker.age(.seconds(3600), jobs: 1)
    #expect(try ids() == [4, 3, 2, 1])
    #expect(try ids("--role", "glb") == [4, 1])
    #expect(try ids("--kind", "glb", "--kind", "picture") == [4, 3, 2, 1])
    #expect(try ids("--step", "render_still") == [3, 2])
    #expect(try ids("--job", "1", "--job", "3") == [4, 1])
    #expect(try ids("--tenant", "default", "--limit", "2") == [4, 3])
    #expect(try ids("--tenant", "other") == [])
    #expect(try ids("--source", "BEARING") == [3, 2, 1])
    #expect(try ids("--source", "100%_") == [4])
    #expect(try ids("--source", "100__") == [])
    #expect(try ids("--text", "top_90") == [3])
    #expect(try ids("--since", "30m") == [4, 3, 2])
    #expect(try ids("--older-than", "30m") == [1])
    #expect(try workshop.run("artifacts", "--since", "yesterday").status == 64)
  }

  @Test func `The latest are those that no later job with the same parameters has made again`() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    try await maker.make(files: [.init("bearing.glb", "glb", "two")])
    try await maker.make(source: "/parts/other.step", files: [.init("other.glb", "glb", "three")])
    #expect(try ids("--latest") == [3, 2])
  }

  @Test func `An artifact is shown by its id, its path, its digest or a copy of its file`() async throws {
    try await makeSome()
    let path = try await maker.path(of: 1)
    // The SHA-256 of "one".
    let digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    try workshop.writeFile("copy.glb", "one")
    for name in ["1", path, digest, "7692c3", "copy.glb", "./copy.glb"] {
      let result = try workshop.run("artifacts", "show", name)
      #expect(result.status == 0, "\(name): \(result.errors)")
      #expect(result.lines.first == "artifact 1", "\(name)")
    }
    let text = try workshop.run("artifacts", "show", "1").output
    for words in [
      "made by         job 1, export_glb", digest, "file            there", "provenance\n  step   export_glb",
    ] {
      #expect(text.contains(words), "\(words) is missing in\n\(text)")
    }
    let picture = try workshop.run("artifacts", "show", "3", "--json").json
    #expect(picture["view"] == .string("top_90deg"))
    #expect(picture["job"] == .integer(2))
    #expect(picture["source"] == .string("/parts/bearing.step"))
    #expect(picture["provenance"]?["step"] == .string("render_still"))
  }

  @Test func `It shows who else has the file, and that it is gone`() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    try await maker.make(source: "/parts/twin.step", files: [.init("bearing.glb", "glb", "one")])
    try FileManager.default.removeItem(atPath: try await maker.path(of: 1))
    let text = try workshop.run("artifacts", "show", "1").output
    #expect(text.contains("same content\n  artifact 2  job 2  the same file\n"), "\(text)")
    #expect(text.contains("file            missing; enqueue its job again"), "\(text)")
  }

  @Test(arguments: [
    ("9", 66, "There is no artifact 9."), ("nonsense", 66, "'nonsense' is no artifact: give an id"),
    ("abcdef", 66, "There is no artifact abcdef."), ("./nowhere.glb", 66, "There is no file "),
    ("stepworks.db", 66, "No artifact has the content of "),
  ])
  func `A name of nothing is 66`(_ name: String, _ status: Int, _ words: String) throws {
    for command in ["show", "open"] {
      let result = try workshop.run("artifacts", command, name)
      #expect(Int(result.status) == status)
      #expect(result.errors.hasPrefix("stepworks: \(words)"), "\(result.errors)")
    }
  }

  @Test func `Opening prints the path, for the next program`() async throws {
    try await makeSome()
    let path = try await maker.path(of: 1)
    #expect(try workshop.run("artifacts", "open", "1").output == path + "\n")
    try FileManager.default.removeItem(atPath: path)
    let gone = try workshop.run("artifacts", "open", "1")
    #expect(gone.status == 66)
    #expect(gone.output == "")
  }

  @Test func `Verification finds what is damaged or missing, and says what to do`() async throws {
    try await makeSome()
    let whole = try workshop.run("artifacts", "verify", "--all")
    #expect(whole.status == 0)
    #expect(whole.output == "")
    #expect(whole.errors == "All 4 files are what was published.\n")
    let (damaged, missing) = (try await maker.path(of: 1), try await maker.path(of: 3))
    try maker.damage(damaged)
    try FileManager.default.removeItem(atPath: missing)
    let result = try workshop.run("artifacts", "verify", "--all")
    #expect(result.status == 1)
    #expect(
      result.lines == [
        "damaged     artifact 1  job 1  \(damaged)", "missing     artifact 4  job 3  \(missing)",
      ])
    #expect(result.errors.contains("2 of 4 files are not what was published; enqueue their jobs again"))
    #expect(try workshop.run("artifacts", "verify", "2", "3").status == 0)
    #expect(try workshop.run("artifacts", "verify", "--role", "picture").status == 0)
    let document = try workshop.run("artifacts", "verify", "1", "--json").json
    #expect(document.arrayValue?.first?["condition"] == .string("damaged"))
    #expect(document.arrayValue?.first?["jobs"] == .array([.integer(1)]))
    #expect(try workshop.run("artifacts", "verify").status == 64)
    #expect(try workshop.run("artifacts", "verify", "99").status == 66)
  }

  @Test func `A damaged file is whole again once it was made again`() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    try maker.damage(try await maker.path(of: 1))
    #expect(try workshop.run("artifacts", "verify", "1").status == 1)
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    #expect(try workshop.run("artifacts", "verify", "1").status == 0)
  }
}
