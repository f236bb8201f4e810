import Artifacts
import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

struct ArtifactCollectTests {
  private let workshop: Workshop
  private let maker: Maker

  init() async throws {
    workshop = try Workshop()
    maker = try await Maker(workshop)
  }

  private func rows() async throws -> [Int64] {
    try await maker.queue.storedArtifacts(ArtifactFilter()).map(\.id).sorted()
  }

  private func forget(_ job: JobID) throws {
    let sql = "PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = \(job)"
    #expect(try workshop.shell("sqlite3 stepworks.db '\(sql)'").status == 0)
  }

  @Test func `A file that no artifact names goes after the grace, with its sidecars`() async throws {
    try await maker.make(files: [.init("kept.glb", "glb", "kept")])
    try await maker.make(source: "/b.step", files: [.init("gone.glb", "glb", "gone")])
    try forget(2)
    #expect(try workshop.run("artifacts", "gc").output == "Removed 0 artifacts and 0 files, 0 B.\n")
    let dry = try workshop.run("artifacts", "gc", "--grace", "0", "--dry-run")
    #expect(dry.lines.first?.hasSuffix("/gone.glb  (4 B)") == true, "\(dry.output)")
    #expect(try maker.files() == ["gone.glb", "kept.glb"])
    #expect(try workshop.run("artifacts", "gc", "--grace", "0").output == "Removed 0 artifacts and 1 file, 4 B.\n")
    #expect(try maker.files() == ["kept.glb"])
    #expect(try workshop.shell("find stepworks-data/artifacts -mindepth 1 | wc -l").output == "4\n")
    #expect(try workshop.run("artifacts", "verify", "--all").status == 0)
  }

  @Test func `What nobody published is left alone and named, and the rest is collected`() async throws {
    try await maker.make(files: [.init("gone.glb", "glb", "gone")])
    try forget(1)
    let made = try workshop.shell(
      """
      cd stepworks-data/artifacts && for place in */*/; do mkdir "$place/folder" && touch "$place/../.DS_Store"; done
      touch .DS_Store && mkdir notes && ln -s nowhere zz
      """)
    #expect(made.status == 0)
    let result = try workshop.run("artifacts", "gc", "--grace", "0")
    #expect(result.status == 0)
    #expect(result.output == "Removed 0 artifacts and 1 file, 4 B.\n")
    let named = result.errors.split(separator: "\n")
    #expect(named.count == 5, "\(result.errors)")
    #expect(named.allSatisfy { $0.hasSuffix(" is left alone: it is no published file; move it away.") })
    #expect(try workshop.shell("find stepworks-data/artifacts -name '.DS_Store' | wc -l").output == "2\n")
  }

  @Test func `A store that has moved keeps what its artifacts name`() async throws {
    try await maker.make(files: [.init("kept.glb", "glb", "kept")])
    let result = try workshop.shell(
      "mv stepworks-data moved && STEPWORKS_DATA_DIRECTORY=$PWD/moved $stepworks artifacts gc --grace 0; find moved -name '*.glb'"
    )
    #expect(result.output.contains("Removed 0 artifacts and 0 files"))
    #expect(result.output.hasSuffix("/kept.glb\n"))
  }

  @Test func `By age only what was made again goes, and a shared file stays as long as one names it`() async throws {
    try await maker.make(files: [.init("bearing.glb", "glb", "old")])
    try await maker.make(files: [.init("bearing.glb", "glb", "new")])
    try await maker.make(source: "/c.step", files: [.init("only.glb", "glb", "only")])
    try await maker.make(source: "/twin.step", files: [.init("bearing.glb", "glb", "old")])
    try maker.age(.seconds(100 * 86_400), jobs: 1, 2, 3)
    let dry = try workshop.run("artifacts", "gc", "--older-than", "90d", "--grace", "0", "--dry-run")
    #expect(dry.lines == ["artifact 1  job 1  glb  bearing.step", "Would remove 1 artifact and 0 files, 0 B."])
    #expect(try await rows() == [1, 2, 3, 4])
    try workshop.run("artifacts", "gc", "--older-than", "90d", "--grace", "0")
    #expect(try await rows() == [2, 3, 4])
    #expect(try maker.files() == ["bearing.glb", "bearing.glb", "only.glb"])
    #expect(try workshop.run("artifacts", "verify", "--all").status == 0)
    let all = try workshop.run("artifacts", "gc", "--older-than", "90d", "--all", "--grace", "0", "--json").json
    #expect(all["artifacts"] == .array([.integer(3), .integer(2)]))
    #expect(all["bytes"] == .integer(7))
    #expect(try maker.files() == ["bearing.glb"])
  }

  @Test func `Filters choose among the old ones`() async throws {
    try await maker.make(files: [.init("a.glb", "glb", "a")])
    try await maker.make("render_still", files: [.init("a.png", "picture", "b")])
    try maker.age(.seconds(86_400), jobs: 1, 2)
    try workshop.run("artifacts", "gc", "--older-than", "1h", "--all", "--role", "picture", "--grace", "0")
    #expect(try await rows() == [1])
    #expect(try maker.files() == ["a.glb"])
  }

  @Test func `What an unfinished job waits for stays`() async throws {
    try await maker.make(files: [.init("a.glb", "glb", "a")])
    try maker.age(.seconds(86_400), jobs: 1)
    try workshop.run("enqueue", "ping", "--after", "1", "--delay", "1h")
    let result = try workshop.run("artifacts", "gc", "--older-than", "1h", "--all", "--grace", "0")
    #expect(result.output == "Removed 0 artifacts and 0 files, 0 B.\n")
    #expect(result.errors == "Left: 1 artifact of that age; unfinished jobs wait for what made them.\n")
    try workshop.run("cancel", "2")
    try workshop.run("artifacts", "gc", "--older-than", "1h", "--all", "--grace", "0")
    #expect(try maker.files() == [])
  }

  @Test func `A file that is named between the look and the removal stays`() async throws {
    try await maker.make(files: [.init("a.glb", "glb", "a")])
    let file = try #require(try maker.store.listing().files.first)
    let store = maker.store
    // As if the look had come before the settlement.
    try await maker.queue.removeUnnamed([file.name]) { _ in try store.remove(file) }
    #expect(try maker.files() == ["a.glb"])
    try forget(1)
    try await maker.queue.removeUnnamed([file.name]) { _ in try store.remove(file) }
    #expect(try maker.files() == [])
  }

  @Test(arguments: [["--all"], ["--role", "glb"], ["--grace", "soon"], ["--older-than", "old"]])
  func `A filter without an age is a wrong command line`(_ arguments: [String]) throws {
    #expect(
      try Program.run([Workshop.program, "artifacts", "gc", "-d", workshop.database] + arguments).status == 64)
  }
}
