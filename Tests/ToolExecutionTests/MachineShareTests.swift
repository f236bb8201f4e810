import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct MachineShareTests {
  private let fixture: ToolFixture
  private let shares: MachineShares

  init() throws {
    fixture = try ToolFixture()
    shares = MachineShares(directory: fixture.directory.appending("shares"))
  }

  @Test func `One run at a time has the whole machine, unbound`() {
    #expect(shares.takeProcessors(runs: 1, of: [0, 1, 2, 3]).processors == nil)
    #expect(shares.takeProcessors(runs: 3, of: [0]).processors == nil)
    #expect(!fixture.exists("shares"))
  }

  @Test func `Two leases never have a processor in common while there are enough`() {
    let usable = Array(0..<8)
    let leases = (0..<4).map { _ in shares.takeProcessors(runs: 4, of: usable) }
    #expect(leases.map { $0.processors?.count } == [2, 2, 2, 2])
    #expect(Set(leases.flatMap { $0.processors ?? [] }) == Set(usable))
    for lease in leases { lease.release() }
  }

  @Test func `More runs than processors have one each, shared as evenly as can be`() {
    let leases = (0..<6).map { _ in shares.takeProcessors(runs: 6, of: [4, 5]) }
    #expect(leases.allSatisfy { $0.processors?.count == 1 })
    let counts = Dictionary(grouping: leases.compactMap(\.processors), by: \.self).mapValues(\.count)
    #expect(counts == [[4]: 3, [5]: 3])
    for lease in leases { lease.release() }
  }

  @Test func `A lease takes what is free rather than what somebody has`() {
    let first = shares.takeProcessors(runs: 2, of: [0, 1, 2])  // one of them
    let second = shares.takeProcessors(runs: 2, of: [0, 1, 2, 3, 4, 5])  // three
    let third = shares.takeProcessors(runs: 2, of: [0, 1, 2, 3, 4, 5])  // three, of which two are left
    #expect(first.processors == [0])
    #expect(second.processors == [1, 2, 3])
    #expect(third.processors == [4, 5])
    let fourth = shares.takeProcessors(runs: 2, of: [0, 1, 2, 3, 4, 5])  // none is left
    #expect(fourth.processors == [0, 1, 2])
    for lease in [first, second, third, fourth] { lease.release() }
  }

  @Test func `What is released is free at once`() {
    let first = shares.takeProcessors(runs: 2, of: [0, 1])
    let second = shares.takeProcessors(runs: 2, of: [0, 1])
    first.release()
    let third = shares.takeProcessors(runs: 2, of: [0, 1])
    #expect(third.processors == first.processors)
    second.release()
    third.release()
  }

  @Test func `Each card has one run, then they are shared`() {
    let cards = ["GPU-1a/b", "GPU-2c"]
    let leases = (0..<3).map { _ in shares.takeCard(of: cards) }
    #expect(leases.map { $0?.identifier } == ["GPU-1a/b", "GPU-2c", "GPU-1a/b"])
    #expect(shares.takeCard(of: [])?.identifier == nil)
    for lease in leases { lease?.release() }
  }

  @Test func `What another process holds is not taken, and is free when that is killed`() async throws {
    let holder = Process()
    try fixture.write(
      """
      import fcntl, os, time
      os.makedirs("shares", exist_ok=True)
      file = open("shares/cpu-0.0", "w")
      fcntl.flock(file, fcntl.LOCK_EX)
      open("held", "w")
      while True: time.sleep(1000)
      """, to: "holder.py")
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    holder.arguments = ["holder.py"]
    holder.currentDirectoryURL = URL(fileURLWithPath: fixture.directory.string)
    try holder.run()
    defer { kill(holder.processIdentifier, SIGKILL) }
    try await eventually("it holds") { fixture.exists("held") }
    let second = shares.takeProcessors(runs: 2, of: [0, 1])
    #expect(second.processors == [1])
    kill(holder.processIdentifier, SIGKILL)
    holder.waitUntilExit()
    let first = shares.takeProcessors(runs: 2, of: [0, 1])
    #expect(first.processors == [0])
    first.release()
    second.release()
  }

  @Test func `A directory that can't be used costs the marks, not the runs`() throws {
    try fixture.write("", to: "file")
    let broken = MachineShares(directory: fixture.directory.appending("file/shares"))
    let lease = broken.takeProcessors(runs: 2, of: [0, 1])
    #expect(lease.processors == [0])
    #expect(lease.trouble?.hasPrefix("Shares can't be marked in \(broken.directory)") == true)
  }

  @Test func `A run bound to its share sees it`() async throws {
    let lease = shares.takeProcessors(runs: 2)
    var limits = ToolLimits()
    limits.processors = lease.processors
    try await fixture.run(
      try fixture.python("print(*sorted(os.sched_getaffinity(0)), sep=',', end='')"), limits: limits)
    #expect(fixture.log == (lease.processors ?? Processors.usable()).map(String.init).joined(separator: ","))
    lease.release()
  }
}
