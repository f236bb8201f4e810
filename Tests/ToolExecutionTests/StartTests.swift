import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct StartTests {
  private struct NoSuchTable: Error {}

  @Test func `A missing tool is named before anything starts`() async throws {
    let fixture = try ToolFixture()
    let command = ToolCommand(executable: "/nowhere/stepworks-cad", workingDirectory: fixture.directory)
    let error = await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(error?.description == "The tool /nowhere/stepworks-cad can't be run: No such file or directory.")
    #expect(error?.failure().kind == .missingTool)
    #expect(fixture.process == nil)
  }

  @Test func `A tool that is not executable is named before anything starts`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("exit 0")
    chmod(command.executable.string, 0o644)
    let error = await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(error?.description.contains("it is not executable") == true)
    #expect(error?.failure().kind == .missingTool)
  }

  @Test func `A directory is no tool`() async throws {
    let fixture = try ToolFixture()
    let command = ToolCommand(executable: "/usr", workingDirectory: fixture.directory)
    let error = await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(error?.description == "The tool /usr can't be run: it is not a regular file.")
  }

  @Test func `A missing interpreter is found at the start`() async throws {
    let fixture = try ToolFixture()
    try fixture.write("#!/nowhere/interpreter\n", to: "tool")
    let tool = fixture.directory.appending("tool")
    chmod(tool.string, 0o755)
    let command = ToolCommand(executable: tool, workingDirectory: fixture.directory)
    let error = await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(error?.description == "The tool \(tool) could not be started (execve: No such file or directory).")
  }

  @Test func `A missing supervisor is named`() async throws {
    let fixture = try ToolFixture()
    let runner = ToolRunner(supervisor: "/nowhere/stepworks-supervisor")
    let error = await #expect(throws: ToolError.self) {
      try await runner.run(
        try fixture.shell("exit 0"), limits: ToolLimits(), runID: fixture.runID, logDirectory: fixture.logDirectory,
        onStart: { _ in }, onMessage: { _ in })
    }
    guard case .missingSupervisor = error else { throw error ?? .cancelledBeforeStart }
  }

  @Test func `A variable name with an equals sign and a NUL in an argument are refused`() async throws {
    let fixture = try ToolFixture()
    var command = try fixture.shell("exit 0")
    command.environment["A=B"] = "1"
    await #expect(throws: ToolError.self) { try await fixture.run(command) }
    command.environment["A=B"] = nil
    command.arguments = ["a\0b"]
    await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(fixture.process == nil)
  }

  @Test func `A missing working directory is refused`() async throws {
    let fixture = try ToolFixture()
    var command = try fixture.shell("exit 0")
    command.workingDirectory = fixture.directory.appending("gone")
    let error = await #expect(throws: ToolError.self) { try await fixture.run(command) }
    #expect(error?.description.contains("is not an existing directory") == true)
  }

  @Test func `Nothing starts when the run can't be recorded`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("touch started")
    let error = await #expect(throws: ToolError.self) {
      try await fixture.runner.run(
        command, limits: ToolLimits(), runID: fixture.runID, logDirectory: fixture.logDirectory,
        onStart: { _ in throw NoSuchTable() }, onMessage: { _ in })
    }
    guard case .recordingFailed(let reason)? = error, reason is NoSuchTable else { throw NoSuchTable() }
    #expect(!fixture.exists("started"))
    #expect(fixture.survivors == [])
  }

  @Test func `The run is recorded before its tool starts`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("touch started")
    _ = try await fixture.runner.run(
      command, limits: ToolLimits(), runID: fixture.runID, logDirectory: fixture.logDirectory,
      onStart: { process in
        #expect(process.isAlive)
        #expect(!fixture.exists("started"))
        try fixture.write("\(process.pid)", to: "recorded")
      }, onMessage: { _ in })
    #expect(fixture.exists("started"))
    #expect(fixture.exists("recorded"))
  }

  @Test func `Nothing starts when the run is cancelled before`() async throws {
    let fixture = try ToolFixture()
    let command = try fixture.shell("touch started")
    let run = Task {
      try await fixture.runner.run(
        command, limits: ToolLimits(), runID: fixture.runID, logDirectory: fixture.logDirectory,
        onStart: { _ in
          try fixture.write("", to: "starting")
          try await eventually("cancelled") { fixture.exists("cancelled") }
        }, onMessage: { _ in })
    }
    try await eventually("starting") { fixture.exists("starting") }
    run.cancel()
    try fixture.write("", to: "cancelled")
    let error = await #expect(throws: ToolError.self) { try await run.value }
    guard case .cancelledBeforeStart? = error else { throw error ?? .cancelledBeforeStart }
    #expect(!fixture.exists("started"))
    #expect(fixture.survivors == [])
  }

  @Test func `A process is known by its start, not by its pid alone`() async throws {
    let fixture = try ToolFixture()
    let own = try #require(ToolProcess(runningAs: getpid()))
    #expect(own.isAlive)
    var earlier = own
    earlier.startTicks -= 1
    #expect(!earlier.isAlive)
    var otherBoot = own
    otherBoot.bootID = "another"
    #expect(!otherBoot.isAlive)
    try await fixture.run(try fixture.shell("exit 0"))
    #expect(try #require(fixture.process).isAlive == false)
  }

  @Test(arguments: ["", "a b", "a/b", "a\n", "ä", String(repeating: "x", count: 129)])
  func `A run identifier with other characters is refused`(text: String) {
    #expect(ToolRunID(rawValue: text) == nil)
  }
}
