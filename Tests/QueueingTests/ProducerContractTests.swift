import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct ProducerContractTests {
  @Test func `A plain INSERT gives the id and a job with the defaults of its step`() async throws {
    let fixture = try await QueueFixture()
    let output = try fixture.sql(
      #"INSERT INTO jobs (step, parameters) VALUES ('render', '{"source":"part.step"}') RETURNING id;"#)
    #expect(output == ["1"])
    let job = try await fixture.job(1)
    #expect(job.state == .available)
    #expect(job.queue == "render")
    #expect(job.tenant == "default")
    #expect(job.parameters == .object(["source": .string("part.step")]))
    #expect((job.priority, job.attempt, job.crashes, job.fence) == (0, 0, 0, 0))
    #expect((job.maxAttempts, job.maxCrashes) == (5, 4))
    #expect(job.availableAt == job.createdAt)
    #expect(try await fixture.history(1) == [.enqueued])
  }

  @Test func `A producer may set queue, priority, tenant, budgets, key and time itself`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      """
      INSERT INTO tenants (name) VALUES ('acme');
      INSERT INTO jobs (step, queue, priority, tenant, max_attempts, max_crashes, dedup_key, run_at)
        VALUES ('work', 'night', 7, 'acme', 9, 8, 'k', 4000000000000);
      """)
    let job = try await fixture.job(1)
    #expect(job.queue == "night")
    #expect((job.priority, job.tenant, job.maxAttempts, job.maxCrashes) == (7, "acme", 9, 8))
    #expect(job.dedupKey == "k")
    #expect(job.state == .scheduled)
    #expect(job.availableAt == nil)
    #expect(try await fixture.queue.queues().map(\.name).contains("night"))
  }

  @Test func `Python inserts within a transaction of its own, and a rollback leaves nothing`() async throws {
    let fixture = try await QueueFixture()
    let script = """
      import sqlite3, sys
      db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
      db.execute("CREATE TABLE parts (name TEXT)")
      db.execute("BEGIN IMMEDIATE")
      db.execute("INSERT INTO parts VALUES ('kept')")
      print(db.execute("INSERT INTO jobs (step) VALUES ('work') RETURNING id").fetchall())
      db.execute("COMMIT")
      db.execute("BEGIN IMMEDIATE")
      db.execute("INSERT INTO parts VALUES ('dropped')")
      db.execute("INSERT INTO jobs (step, queue) VALUES ('work', 'new')")
      db.execute("ROLLBACK")
      """
    let result = try Program.python(script, [fixture.queue.path]).finish()
    #expect((result.status, result.output, result.errors) == (0, "[(1,)]\n", ""))
    #expect(
      try fixture.sql("SELECT name FROM parts; SELECT count(*) FROM jobs; SELECT count(*) FROM job_events;")
        == ["kept", "1", "1"])
    #expect(try await fixture.queue.queues().map(\.name) == ["cad", "render"])
  }

  @Test func `Jobs are inserted in bulk by one statement`() async throws {
    let fixture = try await QueueFixture()
    let output = try fixture.sql(
      """
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO jobs (step, parameters) SELECT 'work', json_object('n', i) FROM n;
      SELECT count(*), count(DISTINCT parameters) FROM jobs WHERE state = 'available' AND queue = 'cad';
      SELECT count(*) FROM job_events;
      """)
    #expect(output == ["5000|5000", "5000"])
  }

  @Test func `One wrong row in a bulk insert leaves none of them`() async throws {
    let fixture = try await QueueFixture()
    let complaint = try fixture.refusal(of: "INSERT INTO jobs (step) VALUES ('work'), ('work'), ('nonsense');")
    #expect(complaint.contains("unknown step"))
    #expect(try fixture.sql("SELECT count(*) FROM jobs; SELECT count(*) FROM job_events;") == ["0", "0"])
  }

  struct WrongInsert: Sendable, CustomTestStringConvertible {
    var columns: String
    var values: String
    var complaint: String
    var testDescription: String { "\(columns) = \(values)" }
  }

  static let wrongInserts: [WrongInsert] = [
    ("step", "'nonsense'", "unknown step; SELECT name FROM steps lists the known ones"),
    ("step", "NULL", "unknown step"),
    ("step, parameters", "'work', '{'", "parameters is not valid JSON"),
    ("step, parameters", "'work', ''", "parameters is not valid JSON"),
    ("step, parameters", "'work', '[1]'", "parameters must be a JSON object"),
    ("step, parameters", "'work', 'null'", "parameters must be a JSON object"),
    ("step, parameters", "'work', NULL", "NOT NULL constraint failed: jobs.parameters"),
    ("step, parameters", "'free', json_object('a', printf('%.1000000c', 'x'))", "longer than a million characters"),
    ("step, parameters", #"'work', '{"m":1}'"#, "unknown parameter"),
    ("step, parameters", #"'work', '{"n":"1"}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'work', '{"n":1.5}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'work', '{"n":true}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'work', '{"n":[1]}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'work', '{"n":-1}'"#, "a parameter is out of its range"),
    ("step, parameters", "'render', '{}'", "a required parameter is missing"),
    ("step, parameters", #"'render', '{"frames":1}'"#, "a required parameter is missing"),
    ("step, parameters", #"'render', '{"source":null}'"#, "a required parameter is missing"),
    ("step, parameters", #"'render', '{"source":1}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","scale":"1"}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","scale":2.5}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","frames":101}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","view":"back"}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","view":1}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","shadows":1}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":"front"}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":{"0":"front"}}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":["front",1]}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":["front",null]}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":[["front"]]}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","sides":[]}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","sides":["front","back"]}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","sides":["top","top"]}'"#, "a parameter is out of its range"),
    (
      "step, parameters", #"'render', '{"source":"a","sides":["front","top","left"]}'"#,
      "a parameter is out of its range"
    ),
    ("step, parameters", #"'render', '{"source":"a","tags":["a","b","c","d"]}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","tags":["a","b","a"]}'"#, "a parameter is out of its range"),
    ("step, parameters", #"'render', '{"source":"a","colours":"red"}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","colours":["red"]}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","colours":{"a":1}}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","colours":{"a":{}}}'"#, "a parameter has the wrong type"),
    ("step, parameters", #"'render', '{"source":"a","colours":{}}'"#, "a parameter is out of its range"),
    (
      "step, parameters", #"'render', '{"source":"a","colours":{"a":"1","b":"2","c":"3"}}'"#,
      "a parameter is out of its range"
    ),
    ("step, parent_id", "'work', 1", "are set by workers only"),
    ("step, tenant", "'work', 'nobody'", "unknown tenant"),
    ("step, tenant", "'work', NULL", "unknown tenant"),
    ("step, state", "'work', 'running'", "are set by workers only"),
    ("step, state", "'work', 'completed'", "are set by workers only"),
    ("step, state", "'work', NULL", "NOT NULL constraint failed: jobs.state"),
    ("step, outcome", "'work', 'done'", "are set by workers only"),
    ("step, attempt", "'work', 1", "are set by workers only"),
    ("step, crashes", "'work', 1", "are set by workers only"),
    ("step, fence", "'work', 5", "are set by workers only"),
    ("step, worker_id", "'work', 1", "are set by workers only"),
    ("step, cancel_requested_at", "'work', 1", "are set by workers only"),
    ("step, progress", "'work', 0.5", "are set by workers only"),
    ("step, progress_message", "'work', 'x'", "are set by workers only"),
    ("step, error", "'work', '{}'", "are set by workers only"),
    ("step, result", "'work', '{}'", "are set by workers only"),
    ("step, started_at", "'work', 1", "are set by workers only"),
    ("step, finished_at", "'work', 1", "are set by workers only"),
    ("step, id", "'work', 9223372036854775807", "leave out id"),
    ("step, priority", "'work', 1001", "priority BETWEEN -1000 AND 1000"),
    ("step, priority", "'work', 'high'", "cannot store TEXT value in INTEGER column jobs.priority"),
    ("step, run_at", "'work', -1", "run_at >= 0"),
    ("step, run_at", "'work', '2026-01-01'", "cannot store TEXT value in INTEGER column jobs.run_at"),
    ("step, max_attempts", "'work', 0", "max_attempts BETWEEN 1 AND 100"),
    ("step, max_crashes", "'work', 101", "max_crashes BETWEEN 1 AND 100"),
    ("step, dedup_key", "'work', ''", "length(dedup_key) > 0"),
    ("step, queue", "'work', ''", "length(queue_name) BETWEEN 1 AND 100"),
  ].map { WrongInsert(columns: $0.0, values: $0.1, complaint: $0.2) }

  @Test(arguments: wrongInserts)
  func `A wrong insert is refused with one clear error and leaves nothing`(_ wrong: WrongInsert) async throws {
    let fixture = try await QueueFixture()
    let complaint = try fixture.refusal(of: "INSERT INTO jobs (\(wrong.columns)) VALUES (\(wrong.values));")
    #expect(complaint.contains(wrong.complaint), "\(complaint)")
    #expect(complaint.split(separator: "\n").filter { $0.contains("rror") }.count == 1)
    let left = try fixture.sql(
      "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM job_events), (SELECT count(*) FROM worker_configs);")
    #expect(left == ["0|0|2"])
  }

  @Test func `Null stands for a parameter that is not given`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      #"INSERT INTO jobs (step, parameters) VALUES ('render', '{"source":"a","scale":null,"view":null}');"#)
    #expect(try await fixture.state(1) == .available)
  }

  @Test(arguments: [
    #"{"source":"a","sides":["top","front"],"tags":[],"colours":{"Ball 6.35":"red","[x]":""}}"#,
    #"{"source":"a","sides":["left"],"tags":["x","y, z","[1]"]}"#,
    #"{"source":"a","sides":null,"tags":null,"colours":null}"#,
  ])
  func `Lists and maps are taken`(_ parameters: String) async throws {
    let fixture = try await QueueFixture()
    try fixture.sql("INSERT INTO jobs (step, parameters) VALUES ('render', '\(parameters)');")
    #expect(try await fixture.job(1).parameters == JSONValue(parsing: parameters))
  }

  @Test func `The order of a list is a part of the work, that of a map is not`() async throws {
    let fixture = try await QueueFixture()
    for parameters in [
      #"{"source":"a","tags":["x","y"]}"#, #"{"source":"a","tags":["y","x"]}"#,
      #"{"source":"a","colours":{"x":"1","y":"2"}}"#, #"{"source":"a","colours":{"y":"2","x":"1"}}"#,
    ] { try fixture.sql("INSERT INTO jobs (step, parameters) VALUES ('render', '\(parameters)');") }
    #expect(try await fixture.queue.jobs().count == 3)
  }

  @Test func `A published schema is read as it was written`() async throws {
    let fixture = try await QueueFixture()
    let published = try #require(try await fixture.queue.publishedSteps().first { $0.name == "render" })
    #expect(
      published.parameters.parameters
        == QueueFixture.steps[1].parameters.parameters.sorted { $0.name < $1.name })
  }

  @Test func `A step that takes other parameters takes any`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(#"INSERT INTO jobs (step, parameters) VALUES ('free', '{"any":[1,{"thing":null}]}');"#)
    #expect(try await fixture.state(1) == .available)
  }

  @Test func `A step published anew is checked by its new schema`() async throws {
    let fixture = try await QueueFixture()
    var step = QueueFixture.steps[0]
    step.version = 2
    step.parameters = ParameterSchema([Parameter("m", .string, "Another.", required: true)])
    try await fixture.queue.publish([step])
    #expect(try fixture.refusal(of: "INSERT INTO jobs (step) VALUES ('work');").contains("required parameter"))
    try fixture.sql(#"INSERT INTO jobs (step, parameters) VALUES ('work', '{"m":"x"}');"#)
  }

  @Test func `An older binary does not overwrite what a newer one published`() async throws {
    let fixture = try await QueueFixture()
    var newer = QueueFixture.steps[0]
    newer.version = 2
    newer.summary = "Newer."
    try await fixture.queue.publish([newer])
    try await fixture.queue.publish([QueueFixture.steps[0]])
    #expect(try fixture.sql("SELECT version, summary FROM steps WHERE name = 'work';") == ["2|Newer."])
  }

  @Test func `The library names the step it does not know and lists the others`() async throws {
    let fixture = try await QueueFixture()
    let error = await #expect(throws: QueueError.self) { try await fixture.enqueue("nonsense") }
    #expect(error?.description == "There is no step 'nonsense'; known steps: free, render, work.")
  }

  @Test func `The library inserts all requests or none`() async throws {
    let fixture = try await QueueFixture()
    let requests = [JobRequest(step: "work"), JobRequest(step: "render"), JobRequest(step: "work")]
    let error = await #expect(throws: QueueError.self) { try await fixture.queue.enqueue(requests) }
    #expect(error?.description == "a required parameter is missing; steps.parameter_schema says which the step needs")
    #expect(try await fixture.queue.jobs().isEmpty)
  }

  @Test func `A job inserted by the library is the same row as one inserted by plain SQL`() async throws {
    let fixture = try await QueueFixture()
    let parameters = #"{"frames":3,"source":"a b'c","scale":1.5}"#
    try await fixture.enqueue("render", try JSONValue(parsing: parameters))
    let columns = "step, queue, json(parameters), state, priority, run_at, dedup_key, tenant, max_attempts, max_crashes"
    let first = try fixture.sql("SELECT \(columns) FROM jobs;")
    _ = try await fixture.queue.cancel(1)
    try fixture.sql(
      "INSERT INTO jobs (step, parameters) VALUES ('render', '\(try JSONValue(parsing: parameters).text.replacing("'", with: "''"))');"
    )
    #expect(
      try fixture.sql("SELECT \(columns) FROM jobs WHERE id = 2;")
        == first.map { $0.replacing("cancelled", with: "available") })
  }

  @Test func `An id is never handed out twice`() async throws {
    let fixture = try await QueueFixture()
    let id = try await fixture.enqueue()
    _ = try await fixture.queue.cancel(id)
    try fixture.sql("DELETE FROM jobs WHERE id = \(id);")
    #expect(try await fixture.enqueue() == id + 1)
  }
}
