import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// How jobs that asked for other jobs look to an operator.
struct FamilyCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Job 1, which asked for jobs 2 to 4; job 2 is done.
  private func makeFamily(_ worker: ScriptedWorker) async throws {
    _ = try workshop.run("enqueue", "ping")
    try await worker.runNext(.awaiting((0..<3).map { _ in JobRequest(step: "ping") }, reason: "It needs its parts."))
    try await worker.runNext(.completed(StepResult()))
  }

  @Test func `A parent shows what it asked for and how far that is`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try await makeFamily(worker)
    let text = try workshop.run("job", "1").output
    for words in [
      "state       blocked", "progress    33 % 1 of 3 jobs done",
      "asked for\n  job 2  ping  completed\n  job 3  ping  available",
      "awaiting  It needs its parts.",
    ] {
      #expect(text.contains(words), "\(words) is missing in\n\(text)")
    }
    let document = try workshop.run("job", "1", "--json").json
    #expect(document["parent_id"] == .null)
    #expect(document["depends_on"] == .array([.integer(2), .integer(3), .integer(4)]))
    #expect(
      document["children"]?.arrayValue?.first
        == .object([
          "id": .integer(2), "step": .string("ping"), "state": .string("completed"), "outcome": .string("done"),
          "progress": .integer(1),
        ]))
    #expect(try workshop.run("job", "2").output.contains("asked for by  job 1\n"))
    #expect(try workshop.run("job", "2", "--json").json["parent_id"] == .integer(1))
  }

  @Test func `A list of jobs says what each blocked one waits for`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try await makeFamily(worker)
    try workshop.run("enqueue", "ping", "--after", "3")
    for _ in 0..<6 { try workshop.run("enqueue", "ping", "--delay", "1h") }
    try workshop.run("enqueue", "ping", "--after", "6", "--after", "7", "--after", "8", "--after", "9", "--after", "10")
    let lines = try workshop.run("jobs").lines
    #expect(lines[1].hasSuffix("waits for jobs 6, 7, 8 and 2 more"), "\(lines)")
    #expect(lines.first { $0.hasPrefix(" 5  ") }?.hasSuffix("waits for job 3") == true, "\(lines)")
    #expect(lines.last?.hasSuffix("33 % 1 of 3 jobs done, waits for jobs 3 and 4") == true, "\(lines)")
  }

  @Test func `Waiting for a parent tells how its children come along`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    _ = try workshop.run("enqueue", "ping")
    try await worker.runNext(.awaiting((0..<2).map { _ in JobRequest(step: "ping") }, reason: "It needs its parts."))
    let waiting = try workshop.start("wait", "1")
    #expect(waiting.readLine() == "job 1 ping: blocked, 0 % 0 of 2 jobs done")
    try await worker.runNext(.completed(StepResult()))
    #expect(waiting.readLine() == "job 1 ping: blocked, 50 % 1 of 2 jobs done")
    try await worker.runNext(.failed(JobFailure(.invalidInput, "part.step is empty."), .fail))
    let result = try waiting.finish()
    #expect(result.status == 1)
    #expect(
      result.lines.last
        == "stepworks: Job 1 failed: Job 3 (ping), which this one asked for, failed: part.step is empty.")
  }

  @Test func `What a parent took is counted from its first start, and its last run is told beside`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    try await worker.runNext(.awaiting([JobRequest(step: "ping")], reason: "It needs its parts."))
    try await worker.runNext(.completed(StepResult()))
    try await worker.runNext(.completed(StepResult()))
    let began = "(SELECT min(at) FROM job_events WHERE job_id = jobs.id AND kind = 'started')"
    let story = "UPDATE jobs SET started_at = \(began) + 16100, finished_at = \(began) + 17000 WHERE id = 1"
    let shell = try workshop.shell("sqlite3 stepworks.db \"\(story)\"")
    #expect(shell.status == 0, "\(shell.errors)")
    let words = "took 17.0 s in all, its last run 900 ms"
    #expect(try workshop.run("jobs").lines.last?.hasSuffix(words) == true)
    #expect(try workshop.run("wait", "1").errors.contains("job 1 ping: completed, \(words)"))
    #expect(try workshop.run("top", "--once").lines.contains { $0.hasSuffix(words) })
    #expect(try !workshop.run("jobs").lines[1].contains("in all"))
  }

  @Test func `One retry of a parent tells all that waits again`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try await makeFamily(worker)
    try await worker.runNext(.failed(JobFailure(.invalidInput, "part.step is empty."), .fail))
    #expect(try workshop.run("retry", "1").output == "Job 1 waits again, and with it job 3, job 4.\n")
  }

  @Test func `A parent that waits for a queue that nobody serves gets a hint`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    _ = try workshop.run("enqueue", "ping")
    let export = JobRequest(step: "export_glb", parameters: .object(["source": .string("/part.step")]))
    try await worker.runNext(.awaiting([export], reason: "It needs the GLB."))
    try workshop.run("queues", "set", "cad", "--pause")
    let waiting = try workshop.start("wait", "1")
    #expect(waiting.readLine()?.hasPrefix("job 1 ping: blocked") == true)
    #expect(waiting.readLine() == "Queue cad is paused; go on with: stepworks queues set cad --resume")
    waiting.kill(SIGINT)
    #expect(try waiting.finish().status == 130)
  }
}

/// Lists and maps on the command line, of a step that a test publishes.
struct ListArgumentTests {
  private let workshop: Workshop

  init() async throws {
    workshop = try Workshop()
    try await workshop.queue().publish([
      StepDefinition(
        name: "paint", version: 1, queue: "paint", summary: "Paints.",
        parameters: ParameterSchema([
          Parameter("sides", .list(of: ["front", "top", "left"], count: 1...2), "Which sides."),
          Parameter("tags", .list(of: nil, count: 0...3), "Words."),
          Parameter("colours", .map(count: 0...3), "Colours by part."),
        ]))
    ])
  }

  @Test(arguments: [
    (["sides=top,front"], #"{"sides":["top","front"]}"#), ([#"sides=["left"]"#], #"{"sides":["left"]}"#),
    (["sides=top", "sides=left"], #"{"sides":["left"]}"#), (["tags="], #"{"tags":[]}"#),
    ([#"tags=["a,b"]"#], #"{"tags":["a,b"]}"#),
    (["colours.Ball 6.35=red", "colours.Cage=a=b"], #"{"colours":{"Ball 6.35":"red","Cage":"a=b"}}"#),
    ([#"colours={"a=b":"red"}"#, "colours.c="], #"{"colours":{"a=b":"red","c":""}}"#),
  ])
  func `A list and a map are written as people write them, or as JSON`(_ arguments: [String], _ expected: String)
    async throws
  {
    let result = try enqueue(arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try await workshop.queue().job(1)?.parameters == JSONValue(parsing: expected))
  }

  @Test(arguments: [
    ("sides=back", "must be a list of 1 to 2 of front, top, left, none twice, not [\"back\"]."),
    ("sides=", "must be a list of 1 to 2 of front, top, left, none twice, not []."),
    ("sides=[", "must be a list of 1 to 2 of front, top, left, none twice, not '['."),
    ("colours=red", "must be an object with 0 to 3 members, each a string, not 'red'."),
    (#"colours={"a":1}"#, #"must be an object with 0 to 3 members, each a string, not {"a":1}."#),
    ("tags.a=b", "paint has no parameter 'tags.a'; it takes colours, sides, tags."),
  ])
  func `A wrong one is said`(_ argument: String, _ words: String) async throws {
    let result = try enqueue([argument])
    #expect(result.status == 65)
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(try await workshop.queue().jobs().isEmpty)
  }

  @Test func `The parameters of a step say what a list and a map take`() throws {
    let text = try workshop.run("steps", "paint").output
    #expect(text.contains("a list of 1 to 2 of front, top, left, none twice"))
    #expect(text.contains("an object with 0 to 3 members, each a string"))
  }

  private func enqueue(_ arguments: [String]) throws -> ProgramResult {
    try Program.run(
      [Workshop.program, "enqueue", "paint", "-d", workshop.database] + arguments.flatMap { ["-p", $0] })
  }
}
