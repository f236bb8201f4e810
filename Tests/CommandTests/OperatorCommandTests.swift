import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

struct OperatorCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func `Jobs are a table whose columns line up`() throws {
    try workshop.writeFile("ä漢.step")
    try workshop.run("enqueue", "export_glb", "ä漢.step")
    try workshop.run("enqueue", "ping", "--delay", "1h")
    let lines = try workshop.run("jobs").lines
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("ID  STEP        STATE      QUEUE"))
    #expect(lines[1].hasPrefix(" 2  ping        scheduled  default"))
    #expect(lines[2].hasPrefix(" 1  export_glb  available  cad"))
    #expect(lines[2].hasSuffix("ä漢.step"))
  }

  @Test func `Jobs are filtered by state, step and queue`() throws {
    try workshop.run("enqueue", "ping")
    try workshop.run("enqueue", "ping", "--queue", "slow", "--delay", "1h")
    #expect(try ids("jobs", "--json") == [2, 1])
    #expect(try ids("jobs", "--json", "--state", "scheduled") == [2])
    #expect(try ids("jobs", "--json", "--state", "scheduled", "--state", "available", "--limit", "1") == [2])
    #expect(try ids("jobs", "--json", "--step", "export_glb") == [])
    #expect(try ids("jobs", "--json", "--queue", "default") == [1])
    let wrong = try workshop.run("jobs", "--state", "sleeping")
    #expect(wrong.status == 64)
  }

  @Test func `Filters by a name that there is not are refused, with the one that was probably meant`() throws {
    let step = try workshop.run("jobs", "--step", "export_gbl")
    #expect(step.status == 65)
    #expect(step.errors.hasSuffix("Did you mean export_glb?\n"), "\(step.errors)")
    let queue = try workshop.run("jobs", "--queue", "cda")
    #expect(queue.status == 66)
    #expect(
      queue.errors
        == "stepworks: There is no queue 'cda'; known queues: cad, default, render. Did you mean cad?\n")
    let tenant = try workshop.run("jobs", "--tenant", "nobody", "--json")
    #expect(tenant.status == 66)
    #expect(tenant.errors == "stepworks: There is no tenant 'nobody'; known tenants: default.\n")
  }

  @Test func `Jobs are cut where the terminal ends, unless they are wanted wide`() async throws {
    try workshop.run("enqueue", "ping")
    let story = "It did not work because of a very long reason that nobody reads to its very end."
    try await ScriptedWorker(try workshop.queue()).runNext(.failed(JobFailure(.invalidInput, story), .fail))
    func lines(_ arguments: String...) throws -> TerminalScreen {
      let terminal = try PseudoTerminal(
        ["env", "-i", "TERM=xterm", Workshop.program, "jobs", "-d", workshop.database] + arguments, columns: 60)
      #expect(terminal.finish() == 0)
      return terminal.screen
    }
    #expect(try lines().lines[1].hasSuffix("It did not…") || lines().lines[1].hasSuffix("…"))
    #expect(try lines("--wide").lines[1].contains("It did not work"))
    #expect(try workshop.run("jobs").lines[1].hasSuffix("to its very end."))
  }

  @Test func `Jobs and events of the last while are those since then`() async throws {
    let queue = try workshop.queue()
    try workshop.run("enqueue", "ping")
    let old =
      "UPDATE jobs SET created_at = created_at - 7200000; INSERT INTO job_events (job_id, at, kind) "
      + "SELECT 1, at + 7200000, 'promoted' FROM job_events"
    #expect(try workshop.shell("sqlite3 stepworks.db \"\(old)\"").status == 0)
    try workshop.run("enqueue", "ping", "--dedup-key", "another")
    #expect(try ids("jobs", "--json", "--since", "1h") == [2])
    #expect(try ids("jobs", "--json", "--since", "3h") == [2, 1])
    #expect(try await queue.events().count == 3)
    #expect(try workshop.run("events", "--since", "1h").lines.count == 3)
    #expect(try workshop.run("events", "--kind", "enqueued").lines.count == 2)
    #expect(try workshop.run("events", "--kind", "enqueued", "--last", "1").lines.count == 1)
    let instant = WallClock.system.now().advanced(by: .seconds(-3600)).iso8601
    #expect(try ids("jobs", "--json", "--since", instant) == [2])
    #expect(try ids("jobs", "--json", "--since", "1w") == [2, 1])
    #expect(try workshop.run("events", "--since", instant).lines.count == 3)
    for wrong in [["--since", "soon"], ["--kind", "eaten"], ["--since", "1h", "--last", "3"]] {
      #expect(try Program.run([Workshop.program, "events"] + wrong).status == 64)
    }
  }

  @Test func `Times are local with their zone, and what a tool took is in units of people`() async throws {
    let queue = try workshop.queue()
    try workshop.run("enqueue", "ping")
    let worker = try await ScriptedWorker(queue)
    let job = try await worker.claimNext()
    try await queue.recordToolEnd(
      ToolUsage(tool: "stepworks-cad", wallSeconds: 1.877, cpuSeconds: 1.82, peakMemoryBytes: 70_549_504, exit: 0),
      of: job.token, by: worker.id)
    let at = try #require(try await queue.events().last?.at)
    let line = try #require(try workshop.run("events", environment: ["TZ": "XYZ-05:30"]).lines.last)
    let shifted = at.advanced(by: .seconds(19_800)).iso8601.dropLast().replacing("T", with: " ")
    #expect(
      line.hasPrefix("\(shifted)+05:30  job 1       ping              tool_ended        stepworks-cad, "), "\(line)")
    #expect(line.hasSuffix("exit 0, took 1.8 s, processor 1.8 s, peak 70.5 MB"), "\(line)")
    let plain = try #require(try workshop.run("events", environment: ["TZ": "UTC"]).lines.last)
    #expect(plain.hasPrefix(at.iso8601.replacing("T", with: " ")))
  }

  @Test func `One job is shown with its error, its log and its history`() async throws {
    try workshop.run("enqueue", "ping")
    let worker = try await ScriptedWorker(try workshop.queue())
    let failure = JobFailure(.toolFailed, "The tool gave up.", exit: 70, logTail: "line 1\nline 2")
    try await worker.runNext(.failed(failure, .fail))
    let text = try workshop.run("job", "1").output
    for words in ["The tool gave up.", "tool_failed, exit 70", "line 2", "logs/attempt-1-1", "enqueued", "started"] {
      #expect(text.contains(words), "\(words) is missing in\n\(text)")
    }
    let document = try workshop.run("job", "1", "--json").json
    #expect(document["state"] == .string("failed"))
    #expect(document["error"]?["class"] == .string("tool_failed"))
    #expect(document["error"]?["exit"] == .integer(70))
    #expect(
      document["events"]?.arrayValue?.compactMap { $0["kind"]?.stringValue } == ["enqueued", "started", "failed"])
    #expect(document["log_directory"]?.stringValue?.hasSuffix("stepworks-data/logs/attempt-1-1") == true)
    let created = try #require(document["created_at"]?.stringValue)
    #expect(created.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(created) is not ISO 8601")
  }

  @Test func `Nothing in a job drives the terminal of who looks at it`() async throws {
    let hostile = "\u{1B}]0;owned\u{07}\u{1B}[2J\u{202E}\u{9B}5m.step"
    _ = try await workshop.queue().enqueue([
      JobRequest(step: "export_glb", parameters: .object(["source": .string(hostile)])),
      JobRequest(step: "ping", queue: QueueName(rawValue: "q\u{1B}[2J"), dedupKey: hostile),
    ])
    let worker = try await ScriptedWorker(try workshop.queue())
    try await worker.runNext(.failed(JobFailure(.toolFailed, hostile, logTail: hostile), .fail))
    let results = try [
      workshop.run("jobs"), workshop.run("job", "1"), workshop.run("job", "2"), workshop.run("events"),
      workshop.run("queues"), workshop.run("jobs", "--json"),
    ]
    for output in results.map(\.output) {
      #expect(
        !output.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || (0x7F...0x9F).contains($0.value) },
        "\(output.debugDescription)")
      #expect(!output.unicodeScalars.contains("\u{202E}"), "\(output.debugDescription)")
    }
    let document = try workshop.run("job", "1", "--json").json
    #expect(document["parameters"]?["source"] == .string(hostile))
  }

  @Test func `A job that does not exist is 66`() throws {
    for command in ["job", "cancel", "retry"] {
      let result = try workshop.run(command, "7")
      #expect(result.status == 66)
      #expect(result.errors == "stepworks: There is no job 7.\n")
    }
    #expect(try workshop.run("events", "--job", "7").status == 66)
  }

  @Test func `A failed job goes again, a finished one is not cancelled`() async throws {
    try workshop.run("enqueue", "ping")
    try await ScriptedWorker(try workshop.queue()).runNext(.failed(JobFailure(.invalidInput, "No."), .fail))
    #expect(try workshop.run("cancel", "1").status == 65)
    #expect(try workshop.run("retry", "1").output == "Job 1 waits again.\n")
    #expect(try workshop.run("retry", "1").status == 65)
    #expect(try await workshop.queue().job(1)?.state == .available)
  }

  @Test func `Of several jobs those that can be cancelled are, and the others are told`() async throws {
    try workshop.run("enqueue", "ping")
    let result = try workshop.run("cancel", "8", "1", "9")
    #expect(result.status == 66)
    #expect(result.output == "Job 1 is cancelled.\n")
    #expect(result.errors == "stepworks: There is no job 9.\nstepworks: There is no job 8.\n")
  }

  @Test func `Queues show their limits and what waits in them`() throws {
    try workshop.run("enqueue", "ping")
    #expect(try workshop.run("queues", "set", "default", "--max", "5", "--pause", "--max-per-tenant", "2").status == 0)
    func named() throws -> JSONValue? {
      try workshop.run("queues", "--json").json.arrayValue?.first { $0["name"] == .string("default") }
    }
    let queue = try #require(try named())
    #expect(queue["max_concurrency"] == .integer(5))
    #expect(queue["paused"] == .bool(true))
    #expect(queue["max_per_tenant"] == .integer(2))
    #expect(queue["available"] == .integer(1))
    let line = try workshop.run("queues").lines.first { $0.hasPrefix("default ") }
    #expect(line?.hasSuffix("paused, 2 per tenant") == true)
    try workshop.run("queues", "set", "default", "--resume", "--max-per-tenant", "none")
    #expect(try named()?["max_per_tenant"] == .null)
  }

  @Test func `A queue shows how many workers that live take jobs from it`() async throws {
    let queue = try workshop.queue()
    func register(_ queues: [QueueName]?) async throws -> (WorkerID, WorkerLock) {
      let lock = try #require(try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory))
      let identity = WorkerIdentity(
        host: "test", pid: 1, bootID: "boot", version: "0", steps: ["ping"], queues: queues)
      return (try await queue.register(identity, lock: lock), lock)
    }
    func counts() throws -> [String: Int64] {
      try workshop.run("queues", "--json").json.arrayValue?.reduce(into: [:]) {
        $0[$1["name"]?.stringValue ?? ""] = $1["workers"]?.integerValue
      } ?? [:]
    }
    #expect(try counts() == ["cad": 0, "default": 0, "render": 0])
    let all = try await register(nil)
    let one = try await register(["cad"])
    #expect(try counts() == ["cad": 2, "default": 1, "render": 1])
    try await queue.markDraining(all.0)
    #expect(try counts() == ["cad": 1, "default": 0, "render": 0])
    one.1.remove()
    #expect(try counts() == ["cad": 0, "default": 0, "render": 0])
    let lines = try workshop.run("queues").lines
    #expect(lines[0].hasPrefix("QUEUE    WORKERS  RUNNING") && lines[0].contains("EMPTY IN"), "\(lines)")
    #expect(lines[1].hasPrefix("cad            0      0/"), "\(lines)")
  }

  @Test(arguments: [
    (["cad", "--max", "0"], 64), (["cad", "--max", "many"], 64), (["cad"], 64), (["cad", "--pause", "--resume"], 64),
    (["cad", "--min", "9000"], 65), (["nowhere", "--max", "1"], 66),
  ])
  func `A wrong limit is refused and changes nothing`(_ arguments: [String], _ status: Int) throws {
    let before = try workshop.run("queues", "--json").output
    let result = try Program.run([Workshop.program, "queues", "set"] + arguments + ["-d", workshop.database])
    #expect(Int(result.status) == status, "\(result.errors)")
    #expect(try workshop.run("queues", "--json").output == before)
  }

  @Test func `Events are followed as they come, one JSON object a line`() async throws {
    try workshop.run("enqueue", "ping")
    let following = try workshop.start("events", "--follow", "--json", "--after", "0")
    #expect(try next(following) == ["job": .integer(1), "kind": .string("enqueued")])
    try workshop.run("cancel", "1")
    #expect(try next(following) == ["job": .integer(1), "kind": .string("cancel_requested")])
    #expect(try next(following) == ["job": .integer(1), "kind": .string("cancelled")])
    following.kill(SIGTERM)
    _ = try following.finish()
  }

  @Test func `Events start with the newest, or where a reader left off`() throws {
    for _ in 0..<5 { try workshop.run("enqueue", "ping") }
    #expect(try workshop.run("events", "--last", "2").lines.count == 2)
    #expect(try workshop.run("events", "--after", "3").lines.count == 2)
    #expect(try workshop.run("events", "--job", "4").lines.count == 1)
  }

  @Test func `A reader that goes away ends the command in silence`() async throws {
    _ = try await workshop.queue().enqueue(Array(repeating: JobRequest(step: "ping"), count: 5000))
    let result = try workshop.shell("set -o pipefail; $stepworks events --after 0 | head -n 1")
    #expect(result.status == 0)
    #expect(result.lines.count == 1)
    #expect(result.errors == "")
  }

  private func ids(_ arguments: String...) throws -> [Int64] {
    let result = try Program.run([Workshop.program] + arguments + ["-d", workshop.database])
    return try result.json.arrayValue?.compactMap { $0["id"]?.integerValue } ?? []
  }

  private func next(_ following: Program) throws -> [String: JSONValue] {
    let event = try JSONValue(parsing: try #require(following.readLine()))
    return event.objectValue?.filter { $0.key == "job" || $0.key == "kind" } ?? [:]
  }

  @Test func `A new database, its log and its shared memory may be written by whom the umask lets write`() throws {
    let workshop = try Workshop(migrated: false)
    let modes = try workshop.shell(
      """
      umask 0007; "$stepworks" migrate
      sqlite3 "$STEPWORKS_DATABASE" "INSERT INTO jobs (step) VALUES ('ping')" ".shell stat -c %a $STEPWORKS_DATABASE*" 2>&1
      """)
    #expect(modes.lines.filter { $0.wholeMatch(of: /\d+/) != nil } == ["660", "660", "660"], "\(modes)")
  }
}
