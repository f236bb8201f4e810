import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// `stepworks top` as a person uses it, on a terminal.
struct TopCommandTests {
  private let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private func top(_ arguments: String..., columns: Int = 80, rows: Int = 24) throws -> PseudoTerminal {
    try PseudoTerminal(
      [
        "env", "-i", "TERM=xterm-256color", "TZ=UTC", "PATH=/usr/bin:/bin", Workshop.program, "top", "-d",
        workshop.database,
      ] + arguments, columns: columns, rows: rows)
  }

  /// Starts the next job, which then runs until the test ends.
  private func claim(_ worker: ScriptedWorker) async throws -> LeaseToken {
    try await worker.claimNext().token
  }

  @Test func `A running job is there with its progress, and goes on as it does`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "export_glb", try workshop.writeFile("bearing.step"))
    let terminal = try top(columns: 120)
    try terminal.wait { $0.contains("1 waiting") }
    let token = try await claim(worker)
    try await worker.queue.recordProgress(0.5, "meshing part 6 of 12", of: token)
    try terminal.wait { $0.contains("████████░░░░░░░░  50 %") && $0.contains("bearing.step") && $0.contains("meshing") }
    try await worker.queue.recordProgress(0.75, "meshing part 9 of 12", of: token)
    try terminal.wait { $0.contains("████████████░░░░  75 %") }
    #expect(terminal.screen.unknown.isEmpty)
    #expect(terminal.screen.erasures <= 3, "It flickers: the page was erased \(terminal.screen.erasures) times.")
  }

  @Test func `A job that runs again is not among those that ended`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    try await worker.runNext(.failed(JobFailure(.invalidInput, "No."), .fail))
    #expect(try workshop.run("top", "--once").lines.filter { $0.contains("  ping") }.count == 1)
    try workshop.run("retry", "1")
    _ = try await claim(worker)
    let lines = try workshop.run("top", "--once").lines.filter { $0.contains("  ping") }
    #expect(lines.count == 1 && lines[0].contains("running"), "\(lines)")
  }

  @Test func `It fills the terminal whatever its size, and follows a change of it`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    for number in 1...40 { try workshop.run("enqueue", "ping", "--dedup-key", "\(number)") }
    for _ in 1...8 { try await worker.runNext(.failed(JobFailure(.invalidInput, "No, and a long story."), .fail)) }
    let terminal = try top(columns: 132, rows: 40)
    func hasKeys(at row: Int) -> (TerminalScreen) -> Bool {
      { $0.lines.count == row && $0.lines.last?.hasPrefix("q quit") == true }
    }
    try terminal.wait(until: hasKeys(at: 40))
    #expect(terminal.screen.contains("No, and a long story."))
    for (columns, rows) in [(80, 24), (40, 12), (20, 4), (200, 50)] {
      terminal.resize(columns: columns, rows: rows)
      try terminal.wait(until: hasKeys(at: rows))
      #expect(terminal.screen.lines[0].hasPrefix("stepworks top"))
    }
  }

  @Test(arguments: [("q", 0 as Int32), ("\u{3}", 0)])
  func `A key that ends it gives the terminal back`(_ key: String, _ status: Int32) throws {
    let terminal = try top()
    try terminal.wait { $0.contains("q quit") }
    #expect(terminal.screen.isAlternate && terminal.screen.isCursorHidden && !terminal.isAsBefore)
    try terminal.type(key)
    #expect(terminal.finish() == status)
    #expect(!terminal.screen.isAlternate && !terminal.screen.isCursorHidden && terminal.isAsBefore)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGQUIT])
  func `A signal that ends it gives the terminal back`(_ signal: Int32) throws {
    let terminal = try top()
    try terminal.wait { $0.contains("q quit") }
    terminal.signal(signal)
    #expect(terminal.finish() == signal)
    #expect(!terminal.screen.isAlternate && !terminal.screen.isCursorHidden && terminal.isAsBefore)
  }

  @Test func `A database that goes away ends it with a sentence on the page of before`() throws {
    let terminal = try top()
    try terminal.wait { $0.contains("q quit") }
    try FileManager.default.moveItem(atPath: workshop.database, toPath: workshop.directory.file("away.db"))
    #expect(terminal.finish() == 66)
    #expect(!terminal.screen.isAlternate && terminal.isAsBefore)
    #expect(
      String(decoding: terminal.output, as: UTF8.self).contains("\u{1B}[?1049lstepworks: \(workshop.database) was "))
  }

  @Test func `Ctrl-Z gives the terminal back, and a continuation takes it again`() throws {
    let terminal = try top()
    try terminal.wait { $0.contains("q quit") }
    try terminal.type("\u{1A}")
    try terminal.wait { !$0.isAlternate }
    try terminal.waitUntilStopped()
    #expect(terminal.isAsBefore)
    terminal.signal(SIGCONT)
    try terminal.wait { $0.isAlternate && $0.contains("q quit") }
    #expect(!terminal.isAsBefore)
    try terminal.type("q")
    #expect(terminal.finish() == 0)
    #expect(terminal.isAsBefore)
  }

  @Test func `A chosen job is cancelled after a yes, and not without`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    let token = try await claim(worker)
    let terminal = try top()
    try terminal.wait { $0.contains("ping") }
    try terminal.type("jc")
    try terminal.wait { $0.contains("Cancel job 1 ping? y: yes") }
    try terminal.type("n")
    try terminal.wait { $0.contains("q quit") }
    #expect(try await worker.queue.job(token.jobID)?.cancelRequestedAt == nil)
    try terminal.type("cy")
    try terminal.wait { $0.contains("Job 1 is being cancelled; its tool is ended first.") && $0.contains("cancelling") }
    #expect(try await worker.queue.job(token.jobID)?.cancelRequestedAt != nil)
  }

  @Test func `While another process keeps the database locked, keys go on, and what was asked for is done after it`()
    async throws
  {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    let token = try await claim(worker)
    let terminal = try top()
    try terminal.wait { $0.contains("ping") }
    let locker = Process()
    let (input, output) = (Pipe(), Pipe())
    locker.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    locker.arguments = [workshop.database]
    locker.standardInput = input
    locker.standardOutput = output
    try locker.run()
    try input.fileHandleForWriting.write(contentsOf: Data("BEGIN IMMEDIATE; SELECT 'locked';\n".utf8))
    #expect(output.fileHandleForReading.availableData == Data("locked\n".utf8))
    try terminal.type("jcy")
    try terminal.wait { $0.contains("Cancelling job 1 …") }
    try terminal.type(" ")
    try terminal.wait { $0.contains("frozen") }
    try terminal.type("q")
    try terminal.wait { !$0.isAlternate }
    try input.fileHandleForWriting.write(contentsOf: Data("ROLLBACK;\n".utf8))
    try input.fileHandleForWriting.close()
    #expect(terminal.finish() == 0)
    let sent = String(decoding: terminal.output, as: UTF8.self)
    #expect(sent.hasSuffix("Job 1 is being cancelled; its tool is ended first.\r\n"))
    #expect(try await worker.queue.job(token.jobID)?.cancelRequestedAt != nil)
  }

  @Test func `Ctrl-L draws the page anew`() throws {
    let terminal = try top()
    try terminal.wait { $0.contains("q quit") }
    let erasures = terminal.screen.erasures
    try terminal.type("\u{C}")
    try terminal.wait { $0.erasures > erasures && $0.contains("q quit") }
  }

  @Test func `Details of a chosen job are shown, and left again`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    let story = String(repeating: "It did not work. ", count: 12) + "That is all."
    try await worker.runNext(.failed(JobFailure(.invalidInput, story), .fail))
    let terminal = try top()
    try terminal.wait { $0.contains("failed") }
    try terminal.type("\u{1B}[B\r")
    // Wrapped, so that the end of the sentence can be read.
    try terminal.wait { $0.contains("invalid_input") && $0.contains("That is all.") && $0.contains("q back") }
    try terminal.type("q")
    try terminal.wait { $0.contains("q quit") }
  }

  @Test func `A line as wide as the terminal is there to its last column`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    try await worker.runNext(.failed(JobFailure(.invalidInput, String(repeating: "x", count: 200)), .fail))
    let terminal = try top()
    try terminal.wait { $0.contains("failed  ") && $0.lines.last?.hasPrefix("q quit") == true }
    #expect(terminal.screen.lines.contains { $0.hasSuffix("xx…") && $0.count == 80 }, "\(terminal.screen.text)")
  }

  @Test func `Frozen, it shows what was until it goes on`() async throws {
    let terminal = try top()
    try terminal.wait { $0.contains("0 waiting") }
    try terminal.type(" ")
    try terminal.wait { $0.contains("frozen") }
    try workshop.run("enqueue", "ping")
    terminal.resize(columns: 81, rows: 24)  // draws anew
    try terminal.wait { $0.contains("space go on") }
    #expect(terminal.screen.contains("0 waiting"))
    try terminal.type(" ")
    try terminal.wait { $0.contains("1 waiting") }
  }

  @Test func `Nothing in a job drives the terminal of who watches it`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    let hostile = "\u{1B}]0;owned\u{07}\u{1B}[3J\u{202E}.step"
    _ = try await worker.queue.enqueue([
      JobRequest(step: "export_glb", parameters: .object(["source": .string(hostile)]))
    ])
    let token = try await claim(worker)
    try await worker.queue.recordProgress(0.5, hostile, of: token)
    let terminal = try top(columns: 160)
    try terminal.wait { $0.contains("u001b]0;") }
    try terminal.type("j\r")
    try terminal.wait { $0.contains("q back") }
    #expect(terminal.screen.unknown.isEmpty)
    let sent = String(decoding: terminal.output, as: UTF8.self).unicodeScalars
    #expect(!sent.contains("\u{7}") && !sent.contains("\u{202E}"))
  }

  @Test func `It writes nothing`() async throws {
    let queue = try workshop.queue()  // open, so that the log is not taken in at the end
    try workshop.run("enqueue", "ping")
    // By another process: a descriptor of ours that is closed would take SQLite's locks away.
    func digests() throws -> String { try workshop.shell("sha256sum $STEPWORKS_DATABASE*[bl]").output }
    let before = try digests()
    #expect(before.contains("stepworks.db-wal"))
    #expect(try workshop.run("top", "--once").status == 0)
    let terminal = try top()
    try terminal.wait { $0.contains("1 waiting") }
    try terminal.type("jkq")
    #expect(terminal.finish() == 0)
    #expect(try digests() == before)
    #expect(try await queue.jobs().count == 1)
  }

  @Test func `Where nobody watches it prints once, as text or as JSON`() async throws {
    let worker = try await ScriptedWorker(try workshop.queue())
    try workshop.run("enqueue", "ping")
    _ = try await claim(worker)
    let text = try workshop.run("top", environment: ["TZ": "UTC"])
    #expect(text.status == 0)
    #expect(text.lines[1] == "1 running, 0 waiting, 0 done/min")
    let document = try workshop.run("top", "--once", "--json").json
    #expect(document["running"]?.arrayValue?.first?["step"] == .string("ping"))
    #expect(document["workers"]?.arrayValue?.first?["alive"] == .bool(true))
    #expect(document["running"]?.arrayValue?.first?["tool_processors"] == .null)
  }

  @Test func `A look after the other is a JSON document a line`() throws {
    let looking = try workshop.start("top", "--json", "--interval", "0.2")
    let looks = try (0..<2).map { _ in try JSONValue(parsing: try #require(looking.readLine())) }
    looking.kill(SIGTERM)
    #expect(try #require(looks[0]["at"]?.stringValue) < #require(looks[1]["at"]?.stringValue))
  }

  @Test func `A worker that is gone is dead, whatever its row says`() async throws {
    var worker: ScriptedWorker? = try await ScriptedWorker(try workshop.queue())
    #expect(try workshop.run("top").lines.contains { $0.hasPrefix("1       running") })
    _ = worker
    worker = nil  // frees its lock, as the death of a process does
    let lines = try workshop.run("top").lines
    #expect(lines.contains { $0.hasPrefix("1       dead") }, "\(lines)")
    #expect(lines[1].hasSuffix("No worker runs; start one: stepworks worker"))
  }

  @Test(arguments: [["--interval", "0"], ["--interval", "soon"], ["--interval", "4000"]])
  func `An interval that makes no sense is refused`(_ arguments: [String]) throws {
    #expect(try Program.run([Workshop.program, "top"] + arguments).status == 64)
  }
}
