import Artifacts
import Foundation
import Jobs
import Queueing
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
    #expect(try ids("--step", "ping") == [])
    #expect(try ids("--source", "BEARING") == [3, 2, 1])
    #expect(try ids("--source", "100%_") == [4])
    #expect(try ids("--source", "100__") == [])
    #expect(try ids("--text", "top_90") == [3])
    #expect(try ids("--since", "30m") == [4, 3, 2])
    #expect(try ids("--older-than", "30m") == [1])
    let instant = WallClock.system.now().advanced(by: .seconds(-1800)).iso8601
    #expect(try ids("--since", instant) == [4, 3, 2])
    #expect(try ids("--older-than", instant) == [1])
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
    (["artifacts", "--tenant", "nope"], 66, "There is no tenant 'nope'; known tenants: default."),
    (["artifacts", "--step", "nope"], 65, "There is no step 'nope'; known steps: deliver, "),
    (["artifacts", "--job", "4711"], 66, "There is no job 4711."),
    (["artifacts", "verify", "--tenant", "nope"], 66, "There is no tenant 'nope'"),
    (["artifacts", "export", "--to", "media", "--job", "4711"], 66, "There is no job 4711."),
    (["artifacts", "gc", "--older-than", "1d", "--step", "nope"], 65, "There is no step 'nope'"),
    (["stale", "--step", "nope"], 65, "There is no step 'nope'"),
    (["stale", "--tenant", "nope"], 66, "There is no tenant 'nope'"),
    (["stale", "--priority", "5"], 64, "--priority is that of the jobs which --rebuild inserts; give both."),
  ])
  func `A filter by a name that nothing has is refused`(_ arguments: [String], _ status: Int, _ words: String) throws {
    let result = try Program.run(
      ["env", "-C", workshop.directory.path, Workshop.program] + arguments + ["-d", workshop.database])
    #expect(Int(result.status) == status)
    #expect(result.output == "")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func `A long name of a source is cut in tables and whole in JSON`() async throws {
    let name = String(repeating: "long", count: 50)
    try await maker.make(source: "/parts/\(name).step", files: [.init("a.glb", "glb", "one")])
    for command in ["jobs", "artifacts"] {
      let table = try workshop.run(command).output
      #expect(table.contains("  \(name.prefix(24))…\(name.suffix(10)).step  ") && !table.contains(name), "\(table)")
      #expect(try workshop.run(command, "--json").output.contains("\(name).step"))
    }
  }

  @Test func `A file of another size and one of other content are told apart`() async throws {
    try await makeSome()
    let artifact = try #require(try await maker.queue.artifacts(of: 1).first)
    #expect(await artifact.fault() == nil)
    #expect(
      try workshop.shell("chmod u+w '\(artifact.path)' && printf X | dd of='\(artifact.path)' conv=notrunc").status == 0
    )
    let fault = await artifact.fault()
    #expect(fault?.contains("is damaged: its content is another (SHA-256 ") == true, "\(fault ?? "none")")
    try maker.damage(artifact.path)
    let bytes = artifact.bytes
    #expect(await artifact.fault()?.hasSuffix("it has \(bytes + 1) bytes, and \(bytes) were published.") == true)
  }

  @Test(arguments: [
    ("", 66, "'' is no artifact: give an id, a path"), (".", 66, "/"),
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
