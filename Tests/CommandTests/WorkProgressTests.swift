import Foundation
import TestSupport
import Testing

@testable import stepworks

struct WorkProgressTests {
  private func state(_ items: Int, _ bytes: Int64, _ subject: String = "") -> WorkProgress.State {
    var state = WorkProgress.State()
    state.items = items
    state.bytes = bytes
    state.subject = subject
    return state
  }

  @Test func `It tells how much is done, how fast, and how long the rest takes`() {
    let progress = WorkProgress("verifying", items: 340, bytes: 4_000_000_000, isQuiet: true)
    #expect(
      progress.line(state(12, 1_000_000_000), after: .seconds(5), barWidth: 16)
        == "verifying  ████░░░░░░░░░░░░  25 %  12 of 340, 1.0 GB of 4.0 GB, 200.0 MB/s, 15s left")
    #expect(
      progress.line(state(12, 1_000_000_000), after: .seconds(5), barWidth: 0)
        == "verifying  25 %  12 of 340, 1.0 GB of 4.0 GB, 200.0 MB/s, 15s left")
    #expect(progress.line(state(0, 0), after: .zero, barWidth: 4) == "verifying  ░░░░   0 %  0 of 340, 0 B of 4.0 GB")
  }

  @Test func `Work of which nobody knows how much there is tells what it is at and for how long`() {
    let progress = WorkProgress("looking at", isQuiet: true)
    #expect(progress.line(state(0, 0, "GPU"), after: .seconds(7), barWidth: 16) == "looking at  GPU, 0:07")
    let counted = WorkProgress("comparing", items: 8, isQuiet: true)
    #expect(counted.line(state(2, 0), after: .seconds(3), barWidth: 0) == "comparing  25 %  2 of 8, 9s left")
  }

  /// A file so large that reading it lasts longer than the first drawing takes; a hole, which costs no disk.
  @Test func `On a terminal a long verification is seen, and leaves nothing behind`() async throws {
    let workshop = try Workshop()
    let maker = try await Maker(workshop)
    let job = try await maker.make(files: [Maker.File("a.glb", "glb", "content")])
    let path = try await maker.path(of: job)
    #expect(try workshop.shell("chmod u+w '\(path)' && truncate -s 2G '\(path)'").status == 0)
    let terminal = try PseudoTerminal(
      ["env", "-i", "TERM=xterm", Workshop.program, "artifacts", "verify", "--all", "-d", workshop.database],
      columns: 100)
    try terminal.wait { $0.contains("verifying  ") && $0.contains("0 of 1") }
    #expect(terminal.finish() == 1)
    #expect(!terminal.screen.contains("verifying"), "\(terminal.screen.text)")
    #expect(terminal.screen.contains("1 of 1 files are not what was published"))
    #expect(terminal.screen.unknown.isEmpty)
  }
}
