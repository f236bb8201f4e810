import Foundation
import Glibc
import Testing

/// The box itself: no test may leave a systemd behind.
@Suite("The box", .serialized, .enabled(if: SystemdBox.isWanted, SystemdBox.whyNot), .timeLimit(.minutes(1)))
struct SystemdBoxTests {
  private func cgroups(of script: pid_t) throws -> [String] {
    try Command.run(
      URL(fileURLWithPath: "/usr/bin/find"), ["/sys/fs/cgroup", "-maxdepth", "2", "-name", "stepworks-box-\(script)"]
    ).output.split(separator: "\n").map(String.init)
  }

  @Test func `A box that is let go leaves no process and no cgroup`() throws {
    var box: SystemdBox? = try SystemdBox(installed: false)
    let (pid, script) = try #require(box.map { ($0.pid, $0.scriptPID) })
    #expect(try cgroups(of: script).count == 1)
    box = nil
    #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)"))
    #expect(try cgroups(of: script).isEmpty)
  }

  @Test func `A box whose script is killed leaves no process, and the next one sweeps its cgroup`() throws {
    let box = try SystemdBox(installed: false)
    kill(box.scriptPID, SIGKILL)
    while FileManager.default.fileExists(atPath: "/proc/\(box.pid)") { sched_yield() }
    // The kernel may still be at it when the next one looks.
    for _ in 0..<5 where try !cgroups(of: box.scriptPID).isEmpty { _ = try SystemdBox(installed: false) }
    #expect(try cgroups(of: box.scriptPID).isEmpty)
  }

  @Test func `A box writes nothing to the machine`() throws {
    let box = try SystemdBox(installed: false)
    let name = "/etc/stepworks-box-test-\(getpid())"
    try box.shell("touch \(name) /tmp/stepworks-box-test; test -e \(name)")
    #expect(!FileManager.default.fileExists(atPath: name))
  }
}
