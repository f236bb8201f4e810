import Jobs
import SystemPackage
import Testing

@testable import Artifacts

struct NameTemplateTests {
  private static func description(
    _ path: String = "/store/aa/bearing-front.png", source: String? = "/parts/bearing.step",
    view: String? = "front_0deg",
    frame: Int64? = 7
  ) -> FileDescription {
    FileDescription(
      path: path, role: "picture", sha256: String(repeating: "ab", count: 32), step: "render_still", jobID: 12,
      tenant: "acme", source: source, view: view, frame: frame, date: Timestamp(milliseconds: 1_800_000_000_000))
  }

  @Test(arguments: [
    ("{source}/{name}", "bearing/bearing-front.png"), ("{tenant}/{source}/{role}{suffix}", "acme/bearing/picture.png"),
    ("{stem}_{view}_{frame}{suffix}", "bearing-front_front_0deg_0007.png"),
    ("{date}/{step}-{job}", "2027-01-15/render_still-12"), ("{sha256:8}{suffix}", "abababab.png"), ("a//b", "a/b"),
    ("plain", "plain"), ("{source:4}", "bear"),
  ])
  func `A template names a file by what is known of it`(_ template: String, _ place: String) throws {
    #expect(try NameTemplate(template).place(of: Self.description()) == place)
  }

  @Test(arguments: [
    ("{source}/{name}", "/parts/../../etc/passwd/..", "_/bearing-front.png"),
    ("{source}", "/parts/.hidden.step", "_hidden"), ("{source}", "/a\u{1B}[2J\nb.step", "a_[2J_b"),
    ("{source}", "..", "_"), ("x-{source}", "..", "x-."),
  ])
  func `No value leads out of the directory or drives a terminal`(
    _ template: String, _ source: String, _ place: String
  ) throws {
    #expect(try NameTemplate(template).place(of: Self.description(source: source)) == place)
  }

  @Test func `A slash in a value is no directory`() throws {
    var description = Self.description()
    description.tenant = "../../etc"
    #expect(try NameTemplate("{tenant}/{name}").place(of: description) == "_._.._etc/bearing-front.png")
  }

  @Test func `What comes out empty is left out`() throws {
    let plain = Self.description(source: nil, view: nil, frame: nil)
    #expect(try NameTemplate("{source}/{view}/{name}").place(of: plain) == "bearing-front.png")
    #expect(throws: NameTemplateError("The template '{source}' gives bearing-front.png no name at all.")) {
      try NameTemplate("{source}").place(of: plain)
    }
  }

  @Test func `A name without an ending has none, and a leading dot starts none`() throws {
    #expect(try NameTemplate("{stem}|{suffix}").place(of: Self.description("/a/README")) == "README|")
    #expect(try NameTemplate("{stem}|{suffix}").place(of: Self.description("/a/.x")) == "_x|")
  }

  @Test(arguments: [
    ("/etc/{name}", "starts with a slash"), ("../{name}", "starts with a dot"), ("a/./b", "starts with a dot"),
    ("{nmae}", "names {nmae}; there are source, step"), ("{name", "brace without its partner"),
    ("name}", "brace without its partner"), ("", "is empty"), ("//", "starts with a slash"),
    ("outside/\u{301}{name}", "no name of a file should have"),
    ("a\u{600}/../\u{301}b", "no name of a file should have"),
    ("a\u{0}{name}", "no name of a file should have"), ("{name:0}", "a number from 1 to 255"),
    ("{name:x}", "a number from 1 to 255"),
  ])
  func `A template that cannot be meant is refused with a sentence`(_ template: String, _ words: String) {
    let error = #expect(throws: NameTemplateError.self) { try NameTemplate(template) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ["/parts/\u{301}a.step", "/parts/a\u{600}"])
  func `A name that takes the slash beside it for its own is refused`(source: String) throws {
    let file = Self.description(source: source)
    #expect(throws: NameTemplateError.self) { try NameTemplate("x/{source}/{name}").place(of: file) }
    #expect(try NameTemplate("x/part {source}.glb/{name}").place(of: file).hasPrefix("x/part"))
  }

  @Test func `A name that is too long for a file system is refused, not cut`() throws {
    let long = Self.description(source: "/" + String(repeating: "軸", count: 100) + ".step")
    #expect(throws: NameTemplateError.self) { try NameTemplate("{source}.glb").place(of: long) }
    #expect(try NameTemplate("{source:80}.glb").place(of: long).utf8.count == 244)
  }
}

struct PlacementPlanTests {
  private static func file(_ place: String, _ digest: String = "a") -> PlacedFile {
    PlacedFile(path: FilePath("/store/\(digest)"), sha256: digest, bytes: 1, place: place)
  }

  @Test func `Equal files at one place are one`() throws {
    let plan = try PlacementPlan([Self.file("x/a.png"), Self.file("x/a.png"), Self.file("x/b.png")])
    #expect(plan.files.map(\.place) == ["x/a.png", "x/b.png"])
    #expect(plan.commonDirectory == "x/")
  }

  @Test func `Different files at one place are an error that names both, or are numbered`() throws {
    let files = [
      Self.file("x/a.png", "a"), Self.file("x/a.png", "b"), Self.file("x/a.png", "c"), Self.file("x/a.png", "b"),
    ]
    let error = #expect(throws: PlacementError.self) { try PlacementPlan(files) }
    #expect(error?.description.hasPrefix("/store/a and /store/b would both be x/a.png") == true)
    #expect(try PlacementPlan(files, isNumbered: true).files.map(\.place) == ["x/a.png", "x/a-2.png", "x/a-3.png"])
  }

  @Test func `Nothing is a file and a directory`() {
    #expect(throws: PlacementError.self) { try PlacementPlan([Self.file("x"), Self.file("x/y", "b")]) }
    #expect(throws: PlacementError.self) { try PlacementPlan([Self.file("x/y/z"), Self.file("x/y", "b")]) }
  }

  @Test func `The common directory is the deepest that all share`() throws {
    #expect(try PlacementPlan([Self.file("a/b/c/1"), Self.file("a/b/2")]).commonDirectory == "a/b/")
    #expect(try PlacementPlan([Self.file("a/b/1"), Self.file("2")]).commonDirectory == "")
    #expect(try PlacementPlan([Self.file("ab/1"), Self.file("a/2")]).commonDirectory == "")
  }
}
