import Foundation
import Glibc
import SystemPackage
import Testing
import ToolExecution

@Suite struct CleanStartTests {
  @Test func `A tool sees exactly its environment and the mark of its run`() async throws {
    let fixture = try ToolFixture()
    setenv("SECRET_OF_THE_DAEMON", "of the daemon", 1)
    var command = try fixture.python("for pair in sorted(os.environ.items()): say('='.join(pair))")
    command.environment["COLOUR"] = "größer = ok"
    try await fixture.run(command)
    #expect(
      fixture.log.split(separator: "\n") == [
        "COLOUR=größer = ok", "HOME=\(fixture.directory)", "LANG=C.UTF-8", "PATH=/usr/bin:/bin",
        "STEPWORKS_RUN=\(fixture.runID)", "TMPDIR=\(fixture.directory)",
      ])
  }

  @Test func `A tool inherits no descriptors`() async throws {
    let fixture = try ToolFixture()
    let careless = open("/etc/passwd", O_RDONLY)  // no close-on-exec
    defer { close(careless) }
    try await fixture.run(
      try fixture.python(
        """
        def target(number):
            try: return os.readlink("/proc/self/fd/" + number)
            except OSError: return None
        open_ones = {n: target(n) for n in os.listdir("/proc/self/fd")}
        say(str(sorted(n for n, path in open_ones.items() if path)) + " " + open_ones["0"])
        """))
    #expect(fixture.log == "['0', '1', '2'] /dev/null\n")
  }

  @Test func `A supervisor keeps no descriptor of the daemon`() async throws {
    let fixture = try ToolFixture()
    let careless = open("/etc/passwd", O_RDONLY)
    defer { close(careless) }
    let command = try fixture.python(
      "say(str([os.readlink('/proc/%d/fd/%s' % (os.getppid(), n)) for n in os.listdir('/proc/%d/fd' % os.getppid())]))")
    try await fixture.run(command)
    #expect(!fixture.log.contains("/etc/passwd"))
    #expect(fixture.log.contains("tool.log"))
  }

  @Test func `A tool runs in its directory and in a session of its own below its supervisor`() async throws {
    let fixture = try ToolFixture()
    try await fixture.run(
      try fixture.python(
        """
        is_leader = os.getsid(0) == os.getpid() == os.getpgrp()
        say(f"{os.getcwd()} {is_leader} {os.getppid()}")
        """))
    let supervisor = try #require(fixture.process)
    #expect(fixture.log == "\(fixture.directory) True \(supervisor.pid)\n")
    #expect(supervisor.session == supervisor.pid)
    #expect(supervisor.session != getsid(0))
  }

  @Test func `A tool starts with no signal blocked or ignored`() async throws {
    let fixture = try ToolFixture()
    try await fixture.run(try fixture.shell("exec grep -E 'Sig(Blk|Ign)' /proc/self/status"))
    #expect(fixture.log == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
  }

  @Test func `Arguments arrive as they are`() async throws {
    let fixture = try ToolFixture()
    let arguments = ["--wall-ms", "", "two words", "ünïcödé", "--", "-x"]
    try await fixture.run(try fixture.python("for a in sys.argv[1:]: say('<' + a + '>')", arguments: arguments))
    #expect(fixture.log == arguments.map { "<\($0)>\n" }.joined())
  }
}
