import Foundation
import Jobs
import TestSupport
import Testing

struct ArtifactExportTests {
  private let workshop: Workshop
  private let maker: Maker

  init() async throws {
    workshop = try Workshop()
    maker = try await Maker(workshop)
    try await maker.make(files: [.init("bearing.glb", "glb", "one")])
    try await maker.make(
      "render_still",
      files: [
        .init("front.png", "picture", "front", view: "front_0deg"),
        .init("top.png", "picture", "top", view: "top_90deg"),
      ])
  }

  private func listing(_ directory: String = "media") throws -> [String] {
    try workshop.shell("cd \(directory) 2>/dev/null && find . -type f | sort").lines
  }

  @Test func `Files get the names that the template says`() throws {
    let result = try workshop.run(
      "artifacts", "export", "--to", "media", "--template", "{tenant}/{source}/{role}-{view}{suffix}")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try listing() == [
        "./default/bearing/glb-.glb", "./default/bearing/picture-front_0deg.png",
        "./default/bearing/picture-top_90deg.png",
      ])
    #expect(result.lines.first == workshop.directory.file("media/default/bearing/glb-.glb"))
    #expect(result.errors == "Wrote 3 files (11 B); 0 were there already.\n")
    #expect(try workshop.shell("cat media/default/bearing/glb-.glb; ls -a media").output == "one.\n..\ndefault\n")
  }

  @Test func `Nothing is exported into the data directory, whichever way it is named`() throws {
    #expect(try workshop.shell("ln -s stepworks-data/artifacts link").status == 0)
    let before = try listing("stepworks-data")
    for arguments in [
      ["--to", "stepworks-data"], ["--to", "stepworks-data/artifacts/x"], ["--to", "link/x"],
      ["--to", ".", "--template", "stepworks-data/{name}"],
    ] {
      let result = try Program.run(
        ["env", "-C", workshop.directory.path, Workshop.program, "artifacts", "export", "-d", workshop.database]
          + arguments)
      #expect(result.status == 65)
      #expect(result.errors.contains(" is in the data directory "), "\(result.errors)")
    }
    #expect(try listing("stepworks-data") == before)
  }

  @Test func `Once more writes nothing, and a changed copy is not overwritten unasked`() throws {
    try workshop.run("artifacts", "export", "--to", "media")
    #expect(
      try workshop.run("artifacts", "export", "--to", "media").errors == "Wrote 0 files (0 B); 3 were there already.\n")
    #expect(try workshop.shell("echo mine > media/bearing/bearing.glb").status == 0)
    let refused = try workshop.run("artifacts", "export", "--to", "media")
    #expect(refused.status == 65)
    #expect(refused.errors.contains("media/bearing/bearing.glb is there already and is another file; --replace"))
    #expect(try workshop.shell("cat media/bearing/bearing.glb").output == "mine\n")
    #expect(try workshop.run("artifacts", "export", "--to", "media", "--replace").status == 0)
    #expect(try workshop.shell("cat media/bearing/bearing.glb").output == "one")
  }

  @Test func `Two files at one place are refused before anything is written, or numbered`() throws {
    let result = try workshop.run("artifacts", "export", "--to", "media", "--template", "{source}{suffix}")
    #expect(result.status == 65)
    #expect(result.errors.contains("front.png and ") && result.errors.contains("would both be bearing.png"))
    #expect(!FileManager.default.fileExists(atPath: workshop.directory.file("media")))
    try workshop.run("artifacts", "export", "--to", "media", "--template", "{source}{suffix}", "--number")
    #expect(try listing() == ["./bearing-2.png", "./bearing.glb", "./bearing.png"])
    #expect(try workshop.shell("cat media/bearing.png").output == "front")
  }

  @Test func `A dry run says the same and writes nothing`() throws {
    let result = try workshop.run("artifacts", "export", "--to", "media", "--dry-run")
    #expect(result.lines.count == 3)
    #expect(result.errors == "Would write 3 files (11 B); 0 were there already.\n")
    #expect(!FileManager.default.fileExists(atPath: workshop.directory.file("media")))
  }

  @Test func `A copy may be changed, a link is the file itself and read-only`() async throws {
    try workshop.run("artifacts", "export", "1", "--to", "copies", "--template", "{name}")
    try workshop.run("artifacts", "export", "1", "--to", "links", "--template", "{name}", "--link")
    let path = try await maker.path(of: 1)
    let script =
      "stat -c '%h %a' copies/bearing.glb links/bearing.glb; [ links/bearing.glb -ef '\(path)' ] && echo same"
    #expect(try workshop.shell(script).lines == ["1 644", "2 444", "same"])
    #expect(try workshop.shell("echo changed > copies/bearing.glb; cat '\(path)'").output == "one")
  }

  @Test func `A damaged file is not exported, and nothing of the others is`() async throws {
    try maker.damage(try await maker.path(of: 1))
    let result = try workshop.run("artifacts", "export", "--to", "media")
    #expect(result.status == 74)
    #expect(result.errors.contains("is not the file that was published; enqueue its job again"))
    #expect(try workshop.shell("ls -A media").output == "")
  }

  @Test func `What a killed export has left is removed a day later`() throws {
    let script =
      "mkdir -p media/.stepworks-export-old/x media/.stepworks-export-new; touch -d '2 days ago' media/.stepworks-export-old"
    #expect(try workshop.shell(script).status == 0)
    try workshop.run("artifacts", "export", "--to", "media", "--role", "glb")
    #expect(try workshop.shell("ls -A media").lines == [".stepworks-export-new", "bearing"])
  }

  @Test func `Only what the filters leave is exported`() throws {
    try workshop.run("artifacts", "export", "--to", "media", "--role", "glb")
    #expect(try listing() == ["./bearing/bearing.glb"])
    #expect(try workshop.run("artifacts", "export", "--to", "media", "--role", "nothing").status == 66)
    #expect(try workshop.run("artifacts", "export", "7", "--to", "media").status == 66)
    #expect(try workshop.run("artifacts", "export", "--to", "media", "--template", "../{name}").status == 65)
  }

  @Test func `Of what was made twice, the latest is exported`() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "two")])
    #expect(try workshop.run("artifacts", "export", "--to", "media", "--role", "glb").status == 65)
    try workshop.run("artifacts", "export", "--to", "media", "--role", "glb", "--latest")
    #expect(try workshop.shell("cat media/bearing/bearing.glb").output == "two")
  }
}
