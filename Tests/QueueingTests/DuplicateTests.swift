import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct DuplicateTests {
  private let render = JSONValue.object(["source": .string("a"), "frames": .integer(3)])

  @Test func `A waiting duplicate adds no row and leaves an event`() async throws {
    let fixture = try await QueueFixture()
    let first = try await fixture.enqueue("render", render)
    let second = try await fixture.queue.enqueue([JobRequest(step: "render", parameters: render)])
    #expect(second == [.duplicate(of: first)])
    #expect(try await fixture.queue.jobs().count == 1)
    #expect(try await fixture.history(first) == [.enqueued, .duplicate])
  }

  @Test func `A plain INSERT of a duplicate returns no row and no error`() async throws {
    let fixture = try await QueueFixture()
    let insert = #"INSERT INTO jobs (step, parameters) VALUES ('render', '{"source":"a"}') RETURNING id;"#
    #expect(try fixture.sql(insert) == ["1"])
    #expect(try fixture.sql(insert + "SELECT changes(), (SELECT count(*) FROM jobs);") == ["0|1"])
    #expect(try await fixture.history(1) == [.enqueued, .duplicate])
  }

  @Test func `A duplicate that may run earlier hastens the one that waits`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql(
      "INSERT INTO jobs (step, parameters, run_at) VALUES ('render', '{\"source\":\"a\"}', 9000000000000);")
    try fixture.sql("INSERT INTO jobs (step, parameters) VALUES ('render', '{\"source\":\"a\"}');")
    let runAt = try #require(try await fixture.job(1).runAt)
    #expect(runAt.milliseconds < 9_000_000_000_000)
    #expect(try await fixture.queue.jobs().count == 1)
  }

  @Test func `A job that waits for another is not merged into one that does not`() async throws {
    let fixture = try await QueueFixture()
    let free = try await fixture.enqueue("render", render)
    let parent = try await fixture.enqueue("work")
    let request = JobRequest(step: "render", parameters: render, dependsOn: [parent])
    let results = try await fixture.queue.enqueue([request, request])
    #expect(results == [.inserted(3), .duplicate(of: 3)])
    #expect(try await fixture.states([free, 3]) == [.available, .blocked])
  }

  @Test func `Neither the order of keys nor white space makes other work`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue("render", render)
    try fixture.sql(#"INSERT INTO jobs (step, parameters) VALUES ('render', '{ "source" : "a",  "frames": 3 }');"#)
    try fixture.sql(#"INSERT INTO jobs (step, parameters) VALUES ('render', '{"frames":3,"source":"a"}');"#)
    #expect(try await fixture.queue.jobs().count == 1)
  }

  @Test(arguments: [
    [#"{"a":1}"#, #"{"a":2}"#, #"{"a":"1"}"#, #"{"b":1}"#, "{}"],
    [#"{"a":[]}"#, #"{"a":{}}"#, #"{"a":null}"#, #"{"a":[null]}"#, #"{"a":[[]]}"#, "{}"],
    [#"{"a":"x b=1"}"#, #"{"a":"x","b":1}"#, #"{"a":"x' $.b=integer:1"}"#],
    [#"{"a.b":1}"#, #"{"a":{"b":1}}"#, #"{"a":[1]}"#, #"{"a[0]":1}"#, #"{"a\".b":1}"#],
    [#"{"a":true}"#, #"{"a":1}"#, #"{"a":"true"}"#],
  ])
  func `Different parameters are different work`(_ different: [String]) async throws {
    let fixture = try await QueueFixture()
    let inserts = different.map {
      "INSERT INTO jobs (step, parameters) VALUES ('free', '\($0.replacing("'", with: "''"))');"
    }
    try fixture.sql(inserts.joined(separator: "\n"))
    #expect(try await fixture.queue.jobs().count == different.count)
    // And the library's key is that of the trigger.
    for parameters in different {
      let result = try await fixture.queue.enqueue([
        JobRequest(step: "free", parameters: try JSONValue(parsing: parameters))
      ])
      guard case .duplicate = result[0] else {
        Issue.record("\(parameters) was inserted again")
        continue
      }
    }
  }

  @Test func `Tenants do not share jobs, whatever the key`() async throws {
    let fixture = try await QueueFixture()
    try fixture.sql("INSERT INTO tenants (name) VALUES ('acme');")
    try await fixture.enqueue("render", render)
    try await fixture.enqueue("render", render, tenant: "acme")
    try await fixture.enqueue(key: "k")
    try await fixture.enqueue(key: "k", tenant: "acme")
    #expect(try await fixture.queue.jobs().count == 4)
  }

  @Test func `Two steps do not share jobs, whatever the key`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue("work", key: "part 7")
    try await fixture.enqueue("free", key: "part 7")
    #expect(try await fixture.queue.jobs().count == 2)
  }

  @Test func `A producer's key merges different parameters`() async throws {
    let fixture = try await QueueFixture()
    let first = try await fixture.enqueue("work", .object(["n": .integer(1)]), key: "k")
    #expect(try await fixture.enqueue("work", .object(["n": .integer(2)]), key: "k") == first)
    #expect(try await fixture.job(first).parameters == .object(["n": .integer(1)]))
  }

  @Test func `A wrong insert is refused even when its key waits already`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue(key: "k")
    for (columns, values) in [
      ("step, dedup_key, parameters", "'work', 'k', '{'"), ("step, dedup_key, state", "'work', 'k', 'running'"),
      ("step, dedup_key, parameters", #"'work', 'k', '{"m":1}'"#),
    ] {
      let complaint = try fixture.refusal(of: "INSERT INTO jobs (\(columns)) VALUES (\(values));")
      #expect(complaint.contains("stepworks: "))
    }
    #expect(try await fixture.history(1) == [.enqueued])
  }

  @Test func `A duplicate raises the priority and never lowers it`() async throws {
    let fixture = try await QueueFixture()
    let id = try await fixture.enqueue("render", render, priority: 5)
    try await fixture.enqueue("render", render, priority: 9)
    #expect(try await fixture.job(id).priority == 9)
    try await fixture.enqueue("render", render, priority: -3)
    #expect(try await fixture.job(id).priority == 9)
    #expect(try await fixture.queue.events(of: id).last?.detail == .object(["priority": .integer(-3)]))
  }

  @Test func `Work that runs or is done can be asked for again`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let first = try await fixture.enqueue("render", render)
    let claimed = try await fixture.claimOne(worker)
    let second = try await fixture.enqueue("render", render)
    #expect(second != first)
    await fixture.complete(claimed)
    let again = try await fixture.claimOne(worker)
    await fixture.complete(again)
    #expect(try await fixture.enqueue("render", render) > second)
  }

  @Test func `A blocked and a scheduled job take in their duplicates too`() async throws {
    let fixture = try await QueueFixture()
    let parent = try await fixture.enqueue()
    let blocked = try await fixture.enqueue(key: "b", dependsOn: [parent])
    let scheduled = try await fixture.enqueue(runAt: fixture.clock.now.advanced(by: .seconds(60)), key: "s")
    #expect(try await fixture.enqueue(key: "b") == blocked)
    #expect(try await fixture.enqueue(key: "s") == scheduled)
  }

  @Test func `A run that goes back to the queue while a twin waits gives up its key`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker, key: "k")
    let twin = try await fixture.enqueue(key: "k")
    #expect(await fixture.settle(claimed, .released) == .settled(.released))
    #expect(try await fixture.job(claimed.job.id).dedupKey == nil)
    #expect(try await fixture.job(twin).dedupKey == "k")
    #expect(try await fixture.states([claimed.job.id, twin]) == [.available, .available])
  }

  @Test func `A twin of another tenant does not take the key away`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try fixture.sql("INSERT INTO tenants (name) VALUES ('acme');")
    let claimed = try await fixture.running(worker, key: "k")
    try await fixture.enqueue(key: "k", tenant: "acme")
    await fixture.settle(claimed, .released)
    #expect(try await fixture.job(claimed.job.id).dedupKey == "k")
  }

  @Test func `An operator's retry while a twin waits gives up its key`() async throws {
    let fixture = try await QueueFixture()
    let id = try await fixture.enqueue(key: "k")
    _ = try await fixture.queue.cancel(id)
    let twin = try await fixture.enqueue(key: "k")
    #expect(try await fixture.queue.retry(id) == [id])
    #expect(try await fixture.job(id).dedupKey == nil)
    #expect(try await fixture.states([id, twin]) == [.available, .available])
  }
}
