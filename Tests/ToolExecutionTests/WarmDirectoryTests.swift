import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

/// Pools of several daemons side by side, and what dead ones left.
@Suite struct WarmDirectoryTests {
  @Test func `The directories that a killed daemon left are removed by the next`() async throws {
    let warm = try WarmFixture()
    let pool = warm.fixture.directory.appending("warm/pool-dead/warm-1/work")
    let other = warm.fixture.directory.appending("warm/pool-alive/warm-1/work")
    for directory in [pool, other] {
      try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    }
    let alive = open(warm.fixture.directory.appending("warm/pool-alive").string, O_RDONLY | O_CLOEXEC)
    #expect(flock(alive, LOCK_EX | LOCK_NB) == 0)
    defer { close(alive) }
    try await warm.run("answer()")
    #expect(!warm.fixture.exists("warm/pool-dead"))
    #expect(warm.fixture.exists("warm/pool-alive/warm-1/work"))
    await warm.tools.close()
  }

  @Test func `A pool is made while another daemon removes leftovers`() async throws {
    let fixture = try ToolFixture()
    try fixture.write(Self.sweeper, to: "sweeper.py")
    let sweeper = Process()
    sweeper.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    sweeper.arguments = ["-S", "sweeper.py"]
    sweeper.currentDirectoryURL = URL(fileURLWithPath: fixture.directory.string)
    try sweeper.run()
    defer { kill(sweeper.processIdentifier, SIGKILL) }
    try await eventually("it sweeps") { fixture.exists("swept") }
    // As many pools as it takes until one was taken for a leftover between being made and being locked.
    for _ in 0..<20_000 where fixture.size(of: "swept") < 1 {
      let tools = WarmTools(
        runner: fixture.runner, directory: fixture.directory.appending("warm"), runIDPrefix: fixture.runID.rawValue)
      let error = await #expect(throws: ToolError.self) {
        try await tools.run(
          WarmCommand(executable: "/nowhere/tool", arguments: []),
          WarmRequest(request: "/request", directory: fixture.directory), limits: WarmFixture.limits,
          onStart: { _, _ in }, onMessage: { _ in })
      }
      // The directories are made first: that the tool is missing is found when they are there.
      #expect(error?.failure().kind == .missingTool)
    }
    #expect(fixture.size(of: "swept") >= 1)
  }

  /// What a daemon does with the pools of dead ones, again and again.
  private static let sweeper = """
    import fcntl, os
    os.makedirs("warm", exist_ok=True)
    swept = open("swept", "w", buffering=1)
    while True:
        for name in os.listdir("warm"):
            try:
                pool = os.open("warm/" + name, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                continue
            try:
                fcntl.flock(pool, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(pool).st_ino == os.stat("warm/" + name).st_ino:
                    os.rmdir("warm/" + name)
                    print(end="x", file=swept, flush=True)
            except OSError:
                pass
            os.close(pool)
    """
}
