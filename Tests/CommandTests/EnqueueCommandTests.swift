import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

struct EnqueueCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  @Test func `A source becomes an absolute path`() async throws {
    try workshop.writeFile("part.step")
    let result = try workshop.run("enqueue", "export_glb", "part.step")
    #expect(result.status == 0)
    #expect(result.output == "Enqueued job 1: export_glb \(path("part.step"))\n")
    #expect(result.errors == "")
    #expect(try await workshop.queue().job(1)?.parameters == .object(["source": .string(path("part.step"))]))
  }

  @Test func `Several sources are several jobs, or none when one is missing`() async throws {
    try workshop.writeFile("a.step")
    try workshop.writeFile("b.step")
    let refused = try workshop.run("enqueue", "export_glb", "a.step", "c.step")
    #expect(refused.status == 66)
    #expect(refused.errors == "stepworks: There is no file c.step.\n")
    #expect(try await workshop.queue().jobs().isEmpty)
    #expect(try workshop.run("enqueue", "export_glb", "a.step", "b.step").lines.count == 2)
  }

  @Test func `A job that waits already is named`() throws {
    try workshop.writeFile("part.step")
    try workshop.run("enqueue", "export_glb", "part.step")
    let again = try workshop.run("enqueue", "export_glb", "part.step")
    #expect(again.output == "Already waiting as job 1: export_glb \(path("part.step"))\n")
    let document = try workshop.run("enqueue", "export_glb", "part.step", "--json").json
    #expect(
      document == .array([.object(["id": .integer(1), "step": .string("export_glb"), "duplicate": .bool(true)])]))
  }

  @Test func `Parameters have the types of the step, and single ones win over the object`() async throws {
    let result = try workshop.run(
      "enqueue", "ping", "--parameters", #"{"sleep_seconds":9,"note":"x"}"#, "-p", "sleep_seconds=1.5", "-p",
      "tool=true",
      "-p", "progress_steps=4", "-p", "fail=timed_out")
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try await workshop.queue().job(1)?.parameters
        == .object([
          "sleep_seconds": .number(1.5), "note": .string("x"), "tool": .bool(true), "progress_steps": .integer(4),
          "fail": .string("timed_out"),
        ]))
  }

  @Test func `Queue, priority, tenant, delay, key and budget reach the row`() async throws {
    try workshop.run("enqueue", "ping")
    let result = try workshop.run(
      "enqueue", "ping", "--queue", "slow", "--priority", "-5", "--delay", "1h", "--dedup-key", "k", "--max-attempts",
      "7", "--after", "1")
    #expect(result.status == 0, "\(result.errors)")
    let job = try #require(try await workshop.queue().job(2))
    #expect(job.queue == "slow")
    #expect(job.priority == -5)
    #expect(job.dedupKey?.contains("k") == true)
    #expect(job.maxAttempts == 7)
    #expect(job.state == .blocked)
    #expect(job.runAt.map { job.createdAt.duration(to: $0) > .seconds(3500) } == true)
    #expect(try await workshop.queue().dependencies(of: 2) == [1])
  }

  @Test(arguments: [
    (["ping", "-p", "sleep_seconds=soon"], 65, "The parameter 'sleep_seconds' of ping must be a number"),
    (["ping", "-p", "tool=yes"], 65, "The parameter 'tool' of ping must be true or false, not 'yes'."),
    (["ping", "--parameters", "[1]"], 65, "--parameters must be a JSON object"),
    (["ping", "--tenant", "nobody"], 65, "tenant"),
    (["ping", "--after", "99"], 65, "job"),
    (["export_glb"], 65, "export_glb needs the parameter 'source'"),
    (["export_glb", "-p", "sauce=a"], 65, "export_glb has no parameter 'sauce'"),
    (
      ["export_glub", "a.step"], 65,
      "There is no step 'export_glub'; known steps: deliver, export_blend, export_glb, export_usd, extract_metadata, "
    ),
    (["export_glb", ""], 65, "The source is empty; name a file."),
    (["export_glb", "."], 66, ". is a directory, not a file."),
    (["ping", "-p", "novalue"], 64, "--parameter must be key=value, not 'novalue'."),
    (["ping", "--delay", "soon"], 64, "--delay must be a duration"),
    (["ping", "--run-at", "tomorrow"], 64, "--run-at must be a time"),
    (["ping", "--priority", "2000"], 64, "--priority must be from -1000 to 1000, not 2000."),
    (["ping", "--max-attempts", "0"], 64, "--max-attempts must be from 1 to 100, not 0."),
  ])
  func `What is wrong is said, and nothing is added`(_ arguments: [String], _ status: Int, _ words: String)
    async throws
  {
    let result = try Program.run(
      ["env", "-C", workshop.directory.path, Workshop.program, "enqueue"] + arguments + ["-d", workshop.database])
    #expect(Int(result.status) == status)
    #expect(result.output == "")
    #expect(result.errors.hasPrefix("stepworks: "))
    #expect(result.errors.split(separator: "\n").first?.contains(words) == true, "\(result.errors)")
    #expect(try await workshop.queue().jobs().isEmpty)
  }

  @Test func `Waiting ends with the paths of the artifacts`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.writeFile("part.step")
    let waiting = try workshop.start("enqueue", "export_glb", "part.step", "--wait")
    #expect(waiting.readLine() == "Enqueued job 1: export_glb \(path("part.step"))")
    try await worker.runNext(.completed(StepResult(artifacts: [ScriptedWorker.artifact("/store/part.glb")])))
    let result = try waiting.finish()
    #expect(result.status == 0)
    #expect(result.lines.last == "glb\t/store/part.glb")
  }

  @Test func `Waiting for a job that fails tells its sentence and ends with 1`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    let waiting = try workshop.start("enqueue", "ping", "--wait")
    #expect(waiting.readLine() == "Enqueued job 1: ping")
    try await worker.runNext(.failed(JobFailure(.invalidInput, "part.step is empty."), .fail))
    let result = try waiting.finish()
    #expect(result.status == 1)
    #expect(result.lines.last == "stepworks: Job 1 failed: part.step is empty.")
  }

  @Test func `Waiting for a job that somebody cancels ends with 2`() async throws {
    let waiting = try workshop.start("enqueue", "ping", "--wait")
    #expect(waiting.readLine() == "Enqueued job 1: ping")
    #expect(try workshop.run("cancel", "1").output == "Job 1 is cancelled.\n")
    let result = try waiting.finish()
    #expect(result.status == 2)
    #expect(result.lines.last == "stepworks: Job 1 was cancelled.")
  }

  @Test func `Control-C ends the waiting and not the job`() async throws {
    let waiting = try workshop.start("enqueue", "ping", "--wait")
    #expect(waiting.readLine() == "Enqueued job 1: ping")
    #expect(waiting.readLine() == "job 1 ping: available")
    waiting.kill(SIGINT)
    let result = try waiting.finish()
    #expect(result.status == 130)
    #expect(result.lines.last == "stepworks: No longer waiting; job 1 goes on. To cancel: stepworks cancel 1")
    #expect(try await workshop.queue().job(1)?.state == .available)
  }

  private func path(_ name: String) -> String { workshop.directory.file(name) }
}
