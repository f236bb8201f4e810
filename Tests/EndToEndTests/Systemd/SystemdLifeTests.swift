import Foundation
import Glibc
import Testing

/// A worker's life under a real systemd, installed by scripts/install, with the unit as it is shipped.
@Suite("Under systemd", .serialized, .enabled(if: SystemdBox.isWanted, SystemdBox.whyNot), .timeLimit(.minutes(3)))
struct SystemdLifeTests {
  private static let unit = "stepworks-worker@default.service"
  private static let minute = #"{"tool":true,"sleep_seconds":60}"#

  private let box: SystemdBox

  init() throws { box = try SystemdBox() }

  /// What is different while testing: no pause before a restart.
  private func start(_ overrides: String...) throws {
    try box.override((overrides + ["RestartSec=100ms"]).joined(separator: "\n"))
    try box.systemctl("start", Self.unit)
  }

  private func startJob(_ parameters: String) throws -> String {
    let id = try box.insert("ping", parameters)
    try box.waitForEvent("tool_started", ofJob: id)
    return id
  }

  private func journal() throws -> String { try box.succeed(["journalctl", "-u", Self.unit, "-o", "cat"]) }

  private func waitForJournal(_ text: String) throws { while try !journal().contains(text) { sched_yield() } }

  @Test func `It starts as an unprivileged user, tells its status, and its log can be searched by job`() throws {
    try start()
    #expect(try box.property("ActiveState", of: Self.unit) == "active")
    let main = try box.property("MainPID", of: Self.unit)
    #expect(try box.shell("stat -c %U /proc/\(main)") == "stepworks")
    try box.waitUntil("StatusText", of: Self.unit, is: "running 0, waiting 0")
    let id = try startJob(Self.minute)
    try box.waitUntil("StatusText", of: Self.unit, is: "running 1, waiting 0")
    let entry = try box.succeed([
      "journalctl", "STEPWORKS_JOB=\(id)", "-o", "json", "-n", "1",
      "--output-fields=MESSAGE,PRIORITY,STEPWORKS_STEP,STEPWORKS_ATTEMPT,STEPWORKS_FENCE,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT",
    ])
    for part in [
      #""MESSAGE":"[ping] ping started  job=\#(id) attempt=1 fence=1 pid="#, #""PRIORITY":"6""#,
      #""STEPWORKS_STEP":"ping""#, #""STEPWORKS_ATTEMPT":"1""#,
      #""STEPWORKS_FENCE":"1""#, #""SYSLOG_IDENTIFIER":"stepworks""#, #""_SYSTEMD_UNIT":"\#(Self.unit)""#,
    ] {
      #expect(entry.contains(part), "\(entry)")
    }
  }

  @Test func `A producer of the group inserts jobs, and nobody else reads them`() throws {
    try start()
    try box.shell("useradd -G stepworks producer; useradd stranger")
    let insert = "INSERT INTO jobs (step) VALUES ('ping') RETURNING id"
    let id = try box.succeed(
      ["runuser", "-u", "producer", "--", "sqlite3", "-cmd", ".timeout 9000", SystemdBox.database, insert])
    #expect(try box.run(["runuser", "-u", "stranger", "--", "sqlite3", SystemdBox.database, insert]).status != 0)
    #expect(try box.run(["stepworks", "wait", id]).status == 0)
    #expect(try box.shell("stat -c '%a %G' /var/lib/stepworks") == "2770 stepworks")
    let modes = try box.shell("stat -c '%a %G' /var/lib/stepworks/stepworks.db{,-wal,-shm}")
    #expect(modes == "660 stepworks\n660 stepworks\n660 stepworks")
  }

  @Test func `A database that was made with another umask is shared all the same, and a wrong mode is named`() throws {
    try box.shell("umask 022; useradd -G stepworks producer; runuser -u stepworks -- stepworks migrate")
    let producer = ["runuser", "-u", "producer", "--"]
    try box.succeed(producer + ["sqlite3", SystemdBox.database, "INSERT INTO jobs (step) VALUES ('ping')"])
    try start()
    try box.systemctl("stop", Self.unit)
    try box.shell("chown root:root \(SystemdBox.database); chmod 644 \(SystemdBox.database)")
    let result = try box.run(producer + ["stepworks", "enqueue", "ping"])
    #expect(result.status == 77)
    #expect(result.errors.contains("\(SystemdBox.database) belongs to root:root and has mode 644."), "\(result.errors)")
  }

  @Test func `A wedged worker is killed by the watchdog, and its job is done by the next`() throws {
    try start("WatchdogSec=2s")
    let id = try startJob(#"{"tool":true,"sleep_seconds":3}"#)
    try box.systemctl("kill", "-s", "STOP", "--kill-whom=main", Self.unit)
    try box.waitUntil("NRestarts", of: Self.unit, is: "1")
    #expect(try journal().contains("Watchdog timeout"))
    #expect(try box.run(["stepworks", "wait", id]).status == 0)
    #expect(try box.sql("SELECT state, attempt, crashes, fence FROM jobs WHERE id = \(id)") == "completed|1|1|2")
  }

  @Test func `A worker whose disk does not answer any more is killed by the watchdog, though all its threads live`()
    throws
  {
    try start("WatchdogSec=2s", "TimeoutStopSec=1s", "TimeoutAbortSec=1s")
    let main = try box.property("MainPID", of: Self.unit)
    // Each flush takes an hour from now on: no write is committed, and nobody else is to blame for it.
    try box.succeed([
      "systemd-run", "--quiet", "--unit=disk", "strace", "-f", "-qq", "-o", "/dev/null", "-p", main,
      "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=3600s",
    ])
    try box.waitUntil("NRestarts", of: Self.unit, is: "1")
    #expect(try journal().contains("Watchdog timeout"))
    // The disk answers again: only now can the old process end, and let go of the database.
    try box.systemctl("kill", "-s", "KILL", "disk")
    let id = try box.insert("ping", "{}")
    #expect(try box.run(["stepworks", "wait", id]).status == 0)
    #expect(try box.property("MainPID", of: Self.unit) != main)
  }

  @Test func `A worker that is killed is started again, leaves no process, and its job is done`() throws {
    try start()
    let id = try startJob(#"{"tool":true,"sleep_seconds":2,"daemons":2}"#)
    let before = try box.processes(of: Self.unit)
    #expect(before.count > 3)
    try box.systemctl("kill", "-s", "KILL", "--kill-whom=main", Self.unit)
    try box.waitUntil("NRestarts", of: Self.unit, is: "1")
    try box.waitForEvent("rescued", ofJob: id)
    #expect(Set(try box.processes(of: Self.unit)).isDisjoint(with: before))
    #expect(try box.run(["stepworks", "wait", id]).status == 0)
    #expect(try box.property("ActiveState", of: Self.unit) == "active")
  }

  @Test func `A stop drains: the job ends, the exit is clean, and no process is left`() throws {
    try start()
    let id = try startJob(#"{"tool":true,"sleep_seconds":2}"#)
    try box.systemctl("stop", Self.unit)
    #expect(try box.sql("SELECT state FROM jobs WHERE id = \(id)") == "completed")
    #expect(try box.property("Result", of: Self.unit) == "success")
    #expect(try box.property("ExecMainStatus", of: Self.unit) == "0")
    #expect(try box.processes(of: Self.unit).isEmpty)
    #expect(try box.sql("SELECT state FROM workers") == "stopped")
  }

  @Test func `A drain may outlast the unit's timeout while it is within its own, and hands back the rest`() throws {
    try start("TimeoutStopSec=1s", "Environment=STEPWORKS_WORKER_DRAIN_SECONDS=4")
    let id = try startJob(Self.minute)
    try box.systemctl("stop", Self.unit)
    #expect(try box.property("Result", of: Self.unit) == "success")
    #expect(try box.sql("SELECT state, attempt, crashes FROM jobs WHERE id = \(id)") == "available|0|0")
    #expect(try box.processes(of: Self.unit).isEmpty)
  }

  @Test func `A drain that does not come to an end is cut off, and its job is done after the next start`() throws {
    try start("TimeoutStopSec=2s")
    let id = try startJob(#"{"tool":true,"sleep_seconds":2}"#)
    try box.systemctl("stop", "--no-block", Self.unit)
    try box.waitUntil("ActiveState", of: Self.unit, is: "deactivating")
    // Only now: systemd wakes what it asks to end.
    try waitForJournal("worker draining")
    try box.systemctl("kill", "-s", "STOP", "--kill-whom=main", Self.unit)
    try box.waitUntil("ActiveState", of: Self.unit, is: "failed")
    #expect(try box.property("Result", of: Self.unit) == "timeout")
    #expect(try box.processes(of: Self.unit).isEmpty)
    #expect(try box.sql("SELECT state FROM jobs WHERE id = \(id)") == "running")
    try box.systemctl("start", Self.unit)
    #expect(try box.run(["stepworks", "wait", id]).status == 0)
    #expect(try box.sql("SELECT crashes FROM jobs WHERE id = \(id)") == "1")
  }

  @Test func `A reload applies what can change; a wrong file shows in the status and changes nothing`() throws {
    try start()
    let main = try box.property("MainPID", of: Self.unit)
    try box.shell("sed -i 's/slots: 64/slots: 3/' /etc/stepworks/stepworks.yaml")
    try box.systemctl("reload", Self.unit)
    try waitForJournal("from now on: worker.slots = 3.")
    try box.waitUntil("ActiveState", of: Self.unit, is: "active")
    try box.shell("sed -i 's/slots: 3/slots: many/' /etc/stepworks/stepworks.yaml")
    try box.systemctl("reload", Self.unit)
    let fault = "not reloaded: worker.slots in /etc/stepworks/stepworks.yaml"
    while try !box.property("StatusText", of: Self.unit).contains(fault) { sched_yield() }
    try box.waitUntil("ActiveState", of: Self.unit, is: "active")
    #expect(try box.property("MainPID", of: Self.unit) == main)
  }

  @Test func `A wrong configuration is not tried again and again`() throws {
    try box.shell("sed -i 's/slots: 64/slots: many/' /etc/stepworks/stepworks.yaml")
    try box.override("RestartSec=100ms")
    #expect(try box.run(["systemctl", "start", Self.unit]).status != 0)
    #expect(try box.property("ActiveState", of: Self.unit) == "failed")
    #expect(try box.property("NRestarts", of: Self.unit) == "0")
    #expect(try box.property("ExecMainStatus", of: Self.unit) == "78")
    let errors = try box.succeed(["journalctl", "-p", "err", "-o", "cat", "_SYSTEMD_UNIT=\(Self.unit)"])
    #expect(errors.hasPrefix("stepworks: worker.slots in /etc/stepworks/stepworks.yaml must be "))
  }

  @Test func `A worker whose database is moved away is not started again, for it would make an empty one`() throws {
    try start("Environment=STEPWORKS_WORKER_HEARTBEAT_SECONDS=1")
    try box.shell("mkdir /srv/kept; mv /var/lib/stepworks/stepworks.db* /srv/kept")
    try box.waitUntil("ActiveState", of: Self.unit, is: "failed")
    #expect(try box.property("ExecMainStatus", of: Self.unit) == "66")
    #expect(try box.property("NRestarts", of: Self.unit) == "0")
    #expect(try box.run(["test", "-e", SystemdBox.database]).status != 0)
  }

  @Test func `The CAD tool works under the hardened unit; stopping the target stops all`() throws {
    try box.shell("mkdir -p /srv/drawings; /opt/stepworks/bin/stepworks-cad sample bearing /srv/drawings/bearing.step")
    try box.systemctl("enable", "--now", "stepworks.target", "stepworks-worker@cad", Self.unit)
    let source = #"{"source":"/srv/drawings/bearing.step"}"#
    let jobs = try ["extract_metadata", "export_glb"].map { try box.insert($0, source) }
    let waited = try box.run(["stepworks", "wait"] + jobs)
    #expect(waited.status == 0, "\(waited.errors)")
    let glb = try box.sql("SELECT path FROM artifacts WHERE role = 'glb'")
    #expect(try box.shell("head -c 4 \(glb)") == "glTF")
    let fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9470/healthz').read().decode())"
    #expect(try box.succeed(["python3", "-c", fetch]).contains(#""status":"ok""#))
    try box.systemctl("stop", "stepworks.target")
    for unit in ["stepworks-worker@cad.service", Self.unit] {
      try box.waitUntil("ActiveState", of: unit, is: "inactive")
      #expect(try box.processes(of: unit).isEmpty)
    }
  }
}
