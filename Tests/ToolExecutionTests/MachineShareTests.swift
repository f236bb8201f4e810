import Foundation
import Glibc
import SystemPackage
import Testing

@testable import ToolExecution

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

  @Test func `The directory that was made for all is taken even where the one above it is closed`() throws {
    let locks = fixture.directory.appending("lock")
    #expect(mkdir(locks.string, 0o755) == 0)
    #expect(MachineShares.machineDirectory(in: locks) == "/tmp/stepworks-shares")
    let made = locks.appending("stepworks")
    #expect(mkdir(made.string, 0o755) == 0)
    #expect(MachineShares.machineDirectory(in: locks) == "/tmp/stepworks-shares")
    #expect(chmod(made.string, 0o1777) == 0)
    #expect(MachineShares.machineDirectory(in: locks) == made)
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

  @Test func `A card whose first holder has gone is still shared by the second`() {
    let cards = ["0", "1"]
    let first = shares.takeCard(of: cards)
    let second = shares.takeCard(of: cards)
    let third = shares.takeCard(of: cards)
    #expect([first, second, third].map { $0?.identifier } == ["0", "1", "0"])
    first?.release()
    second?.release()
    let fourth = shares.takeCard(of: cards)  // the third is alone on 0
    let fifth = shares.takeCard(of: cards)
    let sixth = shares.takeCard(of: cards)
    #expect([fourth, fifth, sixth].map { $0?.identifier } == ["1", "0", "1"])
    for lease in [third, fourth, fifth, sixth] { lease?.release() }
  }

  @Test func `A processor with two sharers is passed over for one that has one`() {
    let leases = (0..<5).map { _ in shares.takeProcessors(runs: 5, of: [0, 1]) }
    #expect(leases.map(\.processors) == [[0], [1], [0], [1], [0]])
    leases[0].release()
    leases[1].release()
    leases[3].release()  // two are left on 0, none on 1
    let more = (0..<3).map { _ in shares.takeProcessors(runs: 5, of: [0, 1]) }
    #expect(more.map(\.processors) == [[1], [1], [0]])
    for lease in leases + more { lease.release() }
  }

  @Test func `Those who choose at the same moment share evenly`() async {
    let usable = [0, 1, 2, 3]
    let leases = await withTaskGroup { group in
      for _ in 0..<16 { group.addTask { shares.takeProcessors(runs: 16, of: usable) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let counts = Dictionary(grouping: leases.compactMap(\.processors), by: \.self).mapValues(\.count)
    #expect(counts == [[0]: 4, [1]: 4, [2]: 4, [3]: 4])
    for lease in leases { lease.release() }
  }

  @Test func `One who chooses for ever holds nobody up`() throws {
    shares.takeCard(of: ["0"])?.release()
    let turn = open(fixture.directory.appending("shares/turn").string, O_RDONLY)
    #expect(flock(turn, LOCK_EX | LOCK_NB) == 0)
    defer { close(turn) }
    let started = SuspendingClock().now
    let lease = shares.takeCard(of: ["0"])
    #expect(SuspendingClock().now - started < .seconds(5))
    #expect(lease?.identifier == "0")
    #expect(lease?.trouble == nil)
    lease?.release()
  }

  @Test func `Workers of all databases meet in one directory of the machine`() throws {
    let directory = MachineShares().directory
    #expect(directory == MachineShares.machineDirectory)
    #expect(["/run/lock/stepworks", "/tmp/stepworks-shares"].contains(directory))
    let parent = try FileManager.default.attributesOfItem(atPath: directory.removingLastComponent().string)
    #expect((parent[.posixPermissions] as? Int).map { $0 & 0o1777 } == 0o1777)
  }

  @Test func `Every user can write what one user made`() throws {
    shares.takeProcessors(runs: 2, of: [0, 1]).release()
    func mode(_ name: String) throws -> Int? {
      let path = fixture.directory.appending(name).string
      return try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    #expect(try mode("shares") == 0o1777)
    #expect(try mode("shares/cpu-0.0") == 0o666)
    #expect(try mode("shares/turn") == 0o666)
    chmod(fixture.directory.appending("shares").string, 0o700)  // as after a death between making and opening it
    shares.takeProcessors(runs: 2, of: [0, 1]).release()
    #expect(try mode("shares") == 0o1777)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can be another user"))
  func `What another user holds is not taken`() async throws {
    shares.takeProcessors(runs: 2, of: [0, 1]).release()
    for name in ["", "/shares"] { chmod(fixture.directory.appending(name).string, name.isEmpty ? 0o755 : 0o1777) }
    let holder = Process()
    let pipe = Pipe()
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    holder.arguments = [
      "-c",
      """
      import fcntl, os, time
      os.chdir("shares"); os.setgid(65534); os.setuid(65534)
      old = open("cpu-0.0"); fcntl.flock(old, fcntl.LOCK_EX)
      new = open("cpu-1.0", "w"); fcntl.flock(new, fcntl.LOCK_EX)
      print("held", flush=True)
      time.sleep(1000)
      """,
    ]
    holder.currentDirectoryURL = URL(fileURLWithPath: fixture.directory.string)
    holder.standardOutput = pipe
    try holder.run()
    defer { kill(holder.processIdentifier, SIGKILL) }
    #expect(String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("held"))
    let lease = shares.takeProcessors(runs: 2, of: [0, 1, 2])
    #expect(lease.processors == [2])
    #expect(lease.trouble == nil)
    lease.release()
  }

  @Test(arguments: ["shares", "shares/cpu-0.0"])
  func `A link that somebody planted is not followed`(name: String) throws {
    for directory in name == "shares" ? ["elsewhere"] : ["elsewhere", "shares"] {
      let path = fixture.directory.appending(directory).string
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    try fixture.write("", to: "elsewhere/kept")
    let target = fixture.directory.appending(name == "shares" ? "elsewhere" : "elsewhere/victim").string
    try FileManager.default.createSymbolicLink(
      atPath: fixture.directory.appending(name).string, withDestinationPath: target)
    let lease = shares.takeProcessors(runs: 2, of: [0, 1])
    #expect(lease.processors == [0])
    #expect(lease.trouble?.hasPrefix("Shares can't be marked in \(shares.directory)") == true)
    let left = try FileManager.default.contentsOfDirectory(atPath: fixture.directory.appending("elsewhere").string)
    #expect(left == ["kept"])
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
