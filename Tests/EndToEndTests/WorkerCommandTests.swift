import Foundation
import Glibc
import Jobs
import Testing

@Suite("stepworks worker", .timeLimit(.minutes(2)))
struct WorkerCommandTests {
  private func fetch(_ url: String) throws -> CommandResult {
    try Command.run(
      URL(fileURLWithPath: "/usr/bin/python3"),
      ["-c", "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())", url])
  }

  @Test("/healthz and /metrics answer at the address that the worker records")
  func status() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(environment: ["STEPWORKS_STATUS_PORT": "0"])
    let id = try installation.insert("ping", .object(["tool": .bool(true)]))
    _ = try await installation.waitForEnd(of: id)
    var address = ""
    while address.isEmpty { address = try installation.sql("SELECT coalesce(status_address, '') FROM workers") }

    let health = try JSONValue(parsing: try fetch("http://\(address)/healthz").output)
    #expect(health["status"] == .string("ok"))
    #expect(health["state"] == .string("running"))
    let metrics = try fetch("http://\(address)/metrics").output
    #expect(metrics.contains(#"stepworks_jobs_started_total{step="ping"} 1"#))
    #expect(metrics.contains("# TYPE stepworks_job_wait_seconds histogram"))
    #expect(metrics.contains(#"stepworks_queue_max_concurrency{queue="default"} 64"#))
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
  }

  @Test("Each line of a step carries its name, job, attempt and fence")
  func logLines() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    let id = try installation.insert("ping", .object(["tool": .bool(true), "sleep_seconds": .number(0.2)]))
    _ = try await installation.waitForEnd(of: id)
    worker.send(SIGTERM)
    worker.wait()
    let lines = try worker.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    let ofStep = lines.filter { $0["message"]?.stringValue?.hasPrefix("[ping] ") == true }
    #expect(ofStep.count >= 3)
    for line in ofStep {
      #expect(line["job"] == .integer(id))
      #expect(line["attempt"] == .integer(1))
      #expect(line["fence"] == .integer(1))
      #expect(line["time"]?.stringValue?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }
  }

  @Test("A port that is taken ends the worker with 69 and a sentence that names the setting")
  func takenPort() async throws {
    let installation = try Installation()
    let first = try installation.startWorker(environment: ["STEPWORKS_STATUS_PORT": "0"])
    var address = ""
    while address.isEmpty { address = try installation.sql("SELECT coalesce(status_address, '') FROM workers") }
    let port = try #require(address.split(separator: ":").last)
    let second = try installation.startWorker(environment: ["STEPWORKS_STATUS_PORT": String(port)])
    #expect(second.wait() == 69)
    #expect(second.output.contains("status.port"))
    #expect(!second.output.contains("cannot be claimed"))
    #expect(try installation.sql("SELECT state FROM workers ORDER BY id DESC LIMIT 1") == "stopped")
    _ = first
  }

  @Test(
    "A missing tool ends the worker before it takes a job, with 69 and a sentence that names the tool",
    arguments: [
      ("STEPWORKS_TOOLS_CAD", "/nonexistent/stepworks-cad"),
      ("STEPWORKS_TOOLS_SUPERVISOR", "/nonexistent/stepworks-supervisor"),
    ])
  func missingTool(_ variable: String, _ path: String) throws {
    let installation = try Installation()
    let worker = try installation.startWorker(environment: [variable: path])
    #expect(worker.wait() == 69)
    #expect(worker.output.contains(path))
    #expect(worker.output.split(separator: "\n").count == 1)
  }

  @Test("A worker of one step needs no tool of another")
  func onlyPing() async throws {
    let installation = try Installation()
    try installation.startWorker(["--step", "ping"], environment: ["STEPWORKS_TOOLS_CAD": "/nonexistent"])
    let id = try installation.insert("ping", .object([:]))
    #expect(try await installation.waitForEnd(of: id).state == .completed)
  }

  @Test("Without a database the worker makes one; on something else it ends with a sentence")
  func database() throws {
    let installation = try Installation()
    let other = installation.directory + "/notes.txt"
    try Data("not a database, just notes\n".utf8).write(to: URL(fileURLWithPath: other))
    let worker = try installation.startWorker(environment: ["STEPWORKS_DATABASE": other])
    #expect(worker.wait() == 65)
    #expect(worker.output.contains("notes.txt is not a SQLite database"))

    let fresh = installation.directory + "/fresh.db"
    let second = try installation.startWorker(environment: ["STEPWORKS_DATABASE": fresh])
    while !second.output.contains("worker started"), second.process.isRunning { sched_yield() }
    second.send(SIGTERM)
    #expect(second.wait() == 0)
    #expect(FileManager.default.fileExists(atPath: fresh))
  }

  @Test("A worker whose database is deleted or replaced ends with 66 and says so", arguments: [false, true])
  func replacedDatabase(_ isReplaced: Bool) async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(environment: ["STEPWORKS_WORKER_HEARTBEAT_SECONDS": "1"])
    let id = try installation.insert("ping", .object(["tool": .bool(true), "sleep_seconds": .number(60)]))
    try await installation.waitForEvent(of: id, .toolStarted)
    let run = installation.runID(id, fence: 1)
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.moveItem(
        atPath: installation.database + suffix, toPath: installation.directory + "/old.db" + suffix)
    }
    if isReplaced { try Data().write(to: URL(fileURLWithPath: installation.database)) }
    #expect(worker.wait() == 66)
    #expect(worker.output.contains("was deleted, moved away or replaced"))
    #expect(Processes.ofRun(run).isEmpty)
  }

  @Test("A limit changed by plain SQL holds over all workers together, at once")
  func limit() async throws {
    let installation = try Installation()
    try installation.sql("UPDATE worker_configs SET max_concurrency = 2 WHERE queue_name = 'default'")
    for _ in 0..<3 { try installation.startWorker() }
    try installation.sql(
      """
      WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60)
      INSERT INTO jobs (step, parameters) SELECT 'ping', '{"sleep_seconds":0.02}' FROM number;
      """)
    let events = try EventFollower(installation.queue)
    var running = 0
    var most = 0
    var completed = 0
    while completed < 60 {
      let event = try await events.next { $0.kind == .started || $0.kind == .completed }
      running += event.kind == .started ? 1 : -1
      most = max(most, running)
      completed += event.kind == .completed ? 1 : 0
    }
    #expect(most == 2)
  }
}
