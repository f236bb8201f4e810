import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// Every fault is one sentence on standard error and a status of its own; nothing is lost.
struct FaultTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop(migrated: false) }

  @Test func `A database that is not there says how to make it`() throws {
    let result = try workshop.run("jobs")
    #expect(result.status == 66)
    #expect(
      result.errors == """
        stepworks: There is no database at \(workshop.database); create it with: stepworks migrate --database \
        \(workshop.database)

        """)
    #expect(!FileManager.default.fileExists(atPath: workshop.database))
  }

  @Test func `A database of a newer version is left alone`() throws {
    try workshop.run("migrate")
    _ = try Program.run(["sqlite3", workshop.database, "PRAGMA user_version = 999"])
    for command in [["jobs"], ["migrate"], ["enqueue", "ping"]] {
      let result = try Program.run([Workshop.program] + command + ["-d", workshop.database])
      #expect(result.status == 65)
      #expect(result.errors.contains("newer stepworks (schema 999"))
      #expect(result.errors.split(separator: "\n").count == 1)
    }
    #expect(try Program.run(["sqlite3", workshop.database, "PRAGMA user_version"]).output == "999\n")
  }

  @Test func `A file that is no database is left alone`() throws {
    try workshop.writeFile("stepworks.db", "These are notes, not jobs.\n")
    for command in ["jobs", "migrate"] {
      let result = try workshop.run(command)
      #expect(result.status == 65)
      #expect(result.errors.contains("\(workshop.database) is not a SQLite database"))
    }
    #expect(try String(contentsOfFile: workshop.database, encoding: .utf8) == "These are notes, not jobs.\n")
  }

  @Test func `The database of another program is left alone`() throws {
    _ = try Program.run(["sqlite3", workshop.database, "CREATE TABLE notes (text)"])
    let result = try workshop.run("migrate")
    #expect(result.status == 65)
    #expect(result.errors.contains("is the SQLite database of another program"))
    #expect(try Program.run(["sqlite3", workshop.database, ".tables"]).output.contains("notes"))
  }

  @Test(arguments: [["events", "--follow", "--after", "0"], ["wait", "1"]])
  func `Who follows a database that goes away is told`(_ arguments: [String]) throws {
    try workshop.run("migrate")
    try workshop.run("enqueue", "ping")
    let terminal = try PseudoTerminal(
      ["env", "-i", "TERM=xterm", Workshop.program] + arguments + ["-d", workshop.database], columns: 300)
    try terminal.wait { $0.contains("ping") }  // it has looked once
    try FileManager.default.moveItem(atPath: workshop.database, toPath: workshop.directory.file("away.db"))
    #expect(terminal.finish() == 66)
    #expect(terminal.screen.contains("was deleted, moved away or replaced while it was open"))
  }

  @Test func `A directory that does not exist is named`() throws {
    let result = try workshop.run("migrate", "--database", "nowhere/a.db")
    #expect(result.status == 73)
    #expect(result.errors.contains("The directory \(workshop.directory.file("nowhere")) does not exist"))
  }

  @Test func `A directory that cannot be written is 77`() throws {
    // Even root can't make files there.
    let result = try workshop.run("migrate", "--database", "/proc/stepworks.db")
    #expect(result.status == 77)
    #expect(result.errors.contains("/proc/stepworks.db or its directory cannot be written"))
  }

  @Test func `A read-only file system is 77, and reading still works`() throws {
    try Mounts.require()
    let result = try workshop.shell(
      """
      exec unshare --mount bash -c '
      mkdir disk && mount -t tmpfs tmpfs disk && export STEPWORKS_DATABASE=disk/a.db
      $stepworks migrate && $stepworks enqueue ping && mount -o remount,ro disk
      $stepworks enqueue ping; echo "status $?"'
      """)
    #expect(result.output.hasSuffix("status 77\n"), "\(result.output)\(result.errors)")
    #expect(result.errors.contains("or its directory cannot be written by this user"))
  }

  @Test func `A full disk is 74, and every job that was acknowledged is there`() throws {
    try Mounts.require()
    let result = try workshop.shell(
      """
      exec unshare --mount bash -c '
      mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && export STEPWORKS_DATABASE=disk/a.db
      $stepworks migrate >/dev/null || exit
      note=$(head -c 20000 /dev/zero | tr "\\0" a)
      count=0
      while $stepworks enqueue ping -p "note=$note" >/dev/null; do count=$((count+1)); done
      $stepworks enqueue ping -p "note=$note" 2>/dev/null; echo "status $?"
      mount -o remount,size=10m disk
      echo "lost $((count - $($stepworks jobs --json --limit 1000 | grep -o note | wc -l)))"'
      """)
    #expect(result.output == "status 74\nlost 0\n", "\(result.errors)")
    #expect(result.errors.contains("The disk that holds"))
  }

  @Test func `A configuration that is wrong is 78 for every command`() throws {
    try workshop.writeFile("stepworks.yaml", "worker:\n  slotz: 3\n")
    for command in ["jobs", "migrate", "worker", "config"] {
      let result = try workshop.run(command)
      #expect(result.status == 78)
      #expect(
        result.errors == "stepworks: worker.slotz in ./stepworks.yaml is no setting; did you mean worker.slots?\n")
    }
    #expect(try workshop.run("jobs", environment: ["STEPWORKS_SLOTS": "3"]).status == 78)
  }

  @Test func `A worker whose tool is missing says which`() throws {
    let result = try workshop.run(
      "worker", "--status-port", "off", environment: ["STEPWORKS_TOOLS_SUPERVISOR": "/nowhere/stepworks-supervisor"])
    #expect(result.status == 69)
    #expect(result.errors.contains("/nowhere/stepworks-supervisor"))
  }

  @Test func `A wrong command line is 64 and shows the usage`() throws {
    for arguments in [["frobnicate"], ["jobs", "--colour"], ["job"], ["job", "twelve"]] {
      let result = try Program.run([Workshop.program] + arguments)
      #expect(result.status == 64)
      #expect(result.errors.hasPrefix("stepworks: "))
      #expect(result.errors.contains("Usage: stepworks"))
    }
  }
}

/// Whether this machine lets a test mount a file system of its own.
enum Mounts {
  /// A machine that allows no mounts fails the test: skipped, nobody would miss it.
  static func require() throws {
    let probe = try Program.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
    try #require(probe.status == 0, "this test mounts a tmpfs; run it as root: \(probe.errors)")
  }
}
