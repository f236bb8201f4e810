import Foundation
import Jobs
import Queueing
import Testing

/// The same work asked for more than once, through the real daemon, the real kernel and plain SQL.
@Suite("Never the same work twice", .timeLimit(.minutes(3)))
struct CacheTests {
  private func export(
    _ installation: Installation, _ source: String, _ parameters: [String: JSONValue] = [:], key: String,
    tenant: String = "default"
  ) throws -> JobID {
    let members = ["source": .string(source), "preset": .string("preview")].merging(parameters) { $1 }
    return try installation.insert(
      "export_glb", .object(members), columns: ["dedup_key": "'\(key)'", "tenant": "'\(tenant)'"])
  }

  private func allowFour(_ installation: Installation) throws {
    try installation.sql(
      """
      INSERT INTO worker_configs (queue_name, max_concurrency) VALUES ('cad', 4)
      ON CONFLICT DO UPDATE SET max_concurrency = 4
      """)
  }

  private func starts(_ installation: Installation) throws -> Int {
    Int(try installation.sql("SELECT count(*) FROM job_events WHERE kind = 'tool_started'")) ?? -1
  }

  @Test("Equal jobs of two tenants, inserted at once, start the tool once; the others take its result")
  func once() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.sql("INSERT INTO tenants (name) VALUES ('acme')")
    try allowFour(installation)
    let ids = try (0..<4).map { index in
      try export(installation, source, key: "click \(index)", tenant: index.isMultiple(of: 2) ? "default" : "acme")
    }
    for _ in 0..<2 { try installation.startWorker() }
    var jobs: [Job] = []
    for id in ids { jobs.append(try await installation.waitForEnd(of: id)) }
    #expect(jobs.allSatisfy { $0.state == .completed && $0.attempt == 1 && $0.crashes == 0 })
    #expect(try starts(installation) == 1)
    let maker = try #require(jobs.first { $0.outcome == .done })
    let others = jobs.filter { $0.id != maker.id }
    #expect(others.count == 3 && others.allSatisfy { $0.outcome == .cached })
    let artifacts = try await installation.queue.artifacts(of: maker.id)
    for job in others {
      #expect(try await installation.queue.artifacts(of: job.id) == artifacts)
      #expect(job.result?["artifacts"] == maker.result?["artifacts"])
      #expect(job.result?["cached_from"]?.integerValue != nil)
    }
    #expect(
      try installation.sql("SELECT group_concat(DISTINCT tenant) FROM (SELECT tenant FROM artifacts ORDER BY tenant)")
        == "acme,default")
  }

  @Test("Both buttons, pressed twice by two people while the work runs, mesh each file once and write each USD once")
  func buttons() async throws {
    let installation = try Installation()
    let names = ["a", "b", "c"]
    let sources = try names.map { try installation.makeBearing(name: "\($0).step") }
    // Equal geometry under other names is other files, and a bearing of another name is other work.
    try allowFour(installation)
    try installation.sql("INSERT INTO tenants (name) VALUES ('acme')")
    for _ in 0..<2 { try installation.startWorker(environment: ["STEPWORKS_TOOLS_USD": Products.usdTool]) }
    let paths = JSONValue.array(sources.map { .string($0) }).text
    var jobs: [JobID] = []
    for _ in 0..<2 {
      for step in ["export_glb", "export_usd"] {
        for tenant in ["default", "acme"] {
          let ids = try installation.sql(
            """
            INSERT INTO jobs (step, tenant, parameters)
              SELECT '\(step)', '\(tenant)', json_object('source', value, 'preset', 'preview') FROM json_each('\(paths)')
              RETURNING id
            """)
          jobs += ids.split(separator: "\n").compactMap { JobID($0) }
        }
      }
    }
    for id in jobs { #expect(try await installation.waitForEnd(of: id).state == .completed) }
    let counts = try installation.sql(
      """
      SELECT json_extract(detail, '$.tool'), count(*) FROM job_events WHERE kind = 'tool_started' GROUP BY 1 ORDER BY 1
      """)
    #expect(counts == "stepworks-cad|3\nstepworks-usd|3")
    #expect(try installation.sql("SELECT count(DISTINCT path) FROM artifacts WHERE role = 'glb'") == "3")
    #expect(try installation.sql("SELECT count(DISTINCT path) FROM artifacts WHERE role = 'usd'") == "3")
    #expect(try installation.sql("SELECT sum(crashes), sum(attempt - 1) FROM jobs") == "0|0")
  }

  @Test("A file that was exported again with another time stamp and other numbers is no new work, a changed one is")
  func semantic() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.startWorker()
    let first = try await installation.waitForEnd(of: try export(installation, source, key: "first"))
    #expect(first.outcome == .done)

    let text = try String(contentsOfFile: source, encoding: .utf8)
    let again = try Regex("'20\\d\\d-\\d\\d-\\d\\dT[^']*'")
    #expect(text.contains(again))
    let renumbered = text.replacing(again, with: "'2031-05-06T07:08:09'").replacing("#", with: "#9")
      .replacing("'Context #9", with: "'Context #")
    try renumbered.write(toFile: source, atomically: true, encoding: .utf8)
    let second = try await installation.waitForEnd(of: try export(installation, source, key: "second"))
    #expect(second.outcome == .cached)
    #expect(second.result?["source_sha256"] != first.result?["source_sha256"])

    let name = "Outer ring"
    #expect(text.contains(name))
    try text.replacing(name, with: "Another ring").write(toFile: source, atomically: true, encoding: .utf8)
    let third = try await installation.waitForEnd(of: try export(installation, source, key: "third"))
    #expect(third.outcome == .done)
    #expect(try starts(installation) == 2)
    let metadata = try installation.insert("extract_metadata", .object(["source": .string(source)]))
    #expect(try await installation.waitForEnd(of: metadata).outcome == .done)
  }

  /// The real tool, of which each run takes a line from the pipe before it starts its work.
  private func makeHeldTool(_ installation: Installation) throws -> (environment: [String: String], pipe: String) {
    let (path, pipe) = (installation.directory + "/held-cad", installation.directory + "/pipe")
    mkfifo(pipe, 0o600)
    let real = Products.program("stepworks-cad").path
    try Data("#!/bin/sh\n[ \"$1\" = --version ] || read -r line < \"\(pipe)\"\nexec \"\(real)\" \"$@\"\n".utf8)
      .write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return (["STEPWORKS_TOOLS_CAD": path], pipe)
  }

  @Test("A file that changes while it is exported is new work at once; who asks for the new one again waits for that")
  func changesWhileRunning() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    let tool = try makeHeldTool(installation)
    try allowFour(installation)
    try installation.startWorker(environment: tool.environment)
    let old = try export(installation, source, key: "old")
    try await installation.waitForEvent(of: old, .toolStarted)

    let text = try String(contentsOfFile: source, encoding: .utf8)
    try text.replacing("Outer ring", with: "Another ring").write(toFile: source, atomically: true, encoding: .utf8)
    let new = try export(installation, source, key: "new")
    try await installation.waitForEvent(of: new, .toolStarted)
    let again = try export(installation, source, key: "again")
    let wait = try await installation.waitForEvent(of: again, .awaiting)
    #expect(wait.detail?["jobs"] == .array([.integer(new)]))
    #expect(try await installation.job(again).state == .blocked)
    #expect(try installation.sql("SELECT running FROM queue_status WHERE queue_name = 'cad'") == "2")
    let listed = try Command.run(
      Products.program("stepworks"), ["jobs"], environment: ["STEPWORKS_DATABASE": installation.database])
    #expect(listed.output.contains("job \(new)"))
    let shown = try Command.run(
      Products.program("stepworks"), ["job", "\(again)"], environment: ["STEPWORKS_DATABASE": installation.database])
    #expect(shown.output.contains("job \(new), which makes the same"))

    let pipe = open(tool.pipe, O_RDWR)
    defer { close(pipe) }
    #expect(write(pipe, "go\ngo\n", 6) == 6)
    let outcomes = [
      try await installation.waitForEnd(of: old).outcome, try await installation.waitForEnd(of: new).outcome,
      try await installation.waitForEnd(of: again).outcome,
    ]
    #expect(outcomes == [.done, .done, .cached])
    let queue = installation.queue
    let digests = try await [
      queue.artifacts(of: old).first?.sha256, queue.artifacts(of: new).first?.sha256,
      queue.artifacts(of: again).first?.sha256,
    ]
    #expect(digests[0] != digests[1] && digests[1] == digests[2])
    #expect(try starts(installation) == 2)
  }

  @Test("A published file that was damaged or removed is found out, said, and made again")
  func damaged() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.startWorker()
    let first = try await installation.waitForEnd(of: try export(installation, source, key: "first"))
    let glb = try #require(try await installation.queue.artifacts(of: first.id).first { $0.role == "glb" })
    let bytes = try Data(contentsOf: URL(fileURLWithPath: glb.path))

    try FileManager.default.removeItem(atPath: glb.path)
    try bytes.dropLast().write(to: URL(fileURLWithPath: glb.path), options: .atomic)
    let second = try await installation.waitForEnd(of: try export(installation, source, key: "second"))
    #expect(second.outcome == .done)
    let warning = try await installation.waitForEvent(of: second.id, .warning)
    #expect(warning.detail?["message"]?.stringValue?.contains("is made again: \(glb.path) is damaged") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: glb.path)) == bytes)

    try FileManager.default.removeItem(atPath: glb.path)
    let third = try await installation.waitForEnd(of: try export(installation, source, key: "third"))
    #expect(third.outcome == .done)
    let missing = try await installation.waitForEvent(of: third.id, .warning)
    #expect(missing.detail?["message"]?.stringValue?.contains("\(glb.path) is missing") == true)

    let fourth = try await installation.waitForEnd(of: try export(installation, source, key: "fourth"))
    #expect(fourth.outcome == .cached)
    #expect(try Data(contentsOf: URL(fileURLWithPath: glb.path)) == bytes)
  }

  @Test("Another parameter is other work")
  func parameters() async throws {
    let installation = try Installation()
    let source = try installation.makeBearing()
    try installation.startWorker()
    for (index, preset) in ["preview", "production", "preview"].enumerated() {
      let id = try export(installation, source, ["preset": .string(preset)], key: "\(index)")
      #expect(try await installation.waitForEnd(of: id).outcome == (index == 2 ? .cached : .done))
    }
  }
}
