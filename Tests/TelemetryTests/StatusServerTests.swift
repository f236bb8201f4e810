import Foundation
import Glibc
import Jobs
import Logging
import OperatorAPI
import Queueing
import ServiceLifecycle
import Telemetry
import TestSupport
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

struct StatusServerTests {
  private let directory: TemporaryDirectory
  private let queue: JobQueue
  private let clock = TestClock()
  private let registry = MetricsRegistry()

  init() throws {
    directory = try TemporaryDirectory()
    queue = try JobQueue(
      path: directory.file("a.db"), options: DatabaseOptions(opening: .createOrMigrate), clock: clock.wall)
  }

  @Test func `Health is 200 and says what the worker does`() async throws {
    try await serving(HealthReport(worker: 3, state: .draining)) { address in
      let answer = try await Self.get("http://\(address)/healthz")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      #expect(
        try JSONValue(parsing: answer.text)
          == .object([
            "status": .string("ok"), "worker": .integer(3), "state": .string("draining"), "database": .string("ok"),
            "write_lock_waiting_seconds": .integer(0),
          ]))
    }
  }

  @Test func `Health is 503 when the database does not answer`() async throws {
    try await serving(HealthReport(worker: 3, state: .running, databaseTrouble: "The disk is full.")) { address in
      let answer = try await Self.get("http://\(address)/healthz")
      #expect(answer.status == 503)
      #expect(try JSONValue(parsing: answer.text)["database"] == .string("The disk is full."))
    }
  }

  @Test(arguments: [(30.0, 200, "ok"), (30.5, 503, "failing")])
  func `Health says how long the lock has been waited for, and is 503 beyond half a minute`(
    _ seconds: Double, _ status: Int, _ word: String
  ) async throws {
    try await serving(HealthReport(worker: 3, state: .running, writeLockWait: .seconds(seconds))) { address in
      let answer = try await Self.get("http://\(address)/healthz")
      let report = try JSONValue(parsing: answer.text)
      #expect(answer.status == status)
      #expect(report["status"] == .string(word))
      #expect(report["write_lock_waiting_seconds"]?.numberValue == seconds)
    }
  }

  @Test func `Metrics hold the queues as they are at the time of the scrape`() async throws {
    try await queue.publish([
      StepDefinition(name: "ping", version: 1, queue: "default", summary: "Ping.", parameters: ParameterSchema([]))
    ])
    try await queue.ensureQueues(["default": 5])
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      _ = try await queue.enqueue([JobRequest(step: "ping")])
      clock.advance(by: .seconds(90))
      let answer = try await Self.get("http://\(address)/metrics")
      #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
      #expect(answer.text.contains("\nstepworks_queue_jobs{queue=\"default\",state=\"available\"} 1\n"))
      #expect(answer.text.contains("\nstepworks_queue_max_concurrency{queue=\"default\"} 5\n"))
      #expect(answer.text.contains("\nstepworks_queue_oldest_waiting_seconds{queue=\"default\"} 90\n"))
    }
  }

  @Test func `When the database does not answer, what it said before is gone, and the worker's own numbers stay`()
    async throws
  {
    try await queue.ensureQueues(["default": 5])
    registry.replace(Metric.workerSlots, 7)
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      #expect(try await Self.get("http://\(address)/metrics").text.contains("stepworks_queue_max_concurrency{"))
      _ = try Program.run(["sqlite3", queue.path], input: "DROP VIEW queue_status;")
      let answer = try await Self.get("http://\(address)/metrics")
      #expect(answer.status == 200)
      #expect(!answer.text.contains("stepworks_queue_"))
      #expect(answer.text.contains("\nstepworks_worker_slots 7\n"))
      #expect(answer.text.contains("\nstepworks_write_lock_waiting_seconds 0\n"))
    }
  }

  @Test func `Who asks for OpenMetrics gets it, and HEAD says the same without the text`() async throws {
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      let answer = try await Self.get(
        "http://\(address)/metrics", accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
      #expect(answer.type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
      #expect(answer.text.hasSuffix("\n# EOF\n"))
      let head = try await Self.get("http://\(address)/metrics", method: "HEAD")
      #expect(head.status == 200)
      #expect(head.type == "text/plain; version=0.0.4; charset=utf-8")
      #expect(head.text == "")
    }
  }

  @Test func `Slots wanted, allowed and used follow the queue`() async throws {
    try await queue.publish([
      StepDefinition(
        name: "ping", version: 1, queue: "default", summary: "Ping.", parameters: ParameterSchema([]), dedup: .none)
    ])
    try await queue.ensureQueues(["default": 5])
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      _ = try await queue.enqueue(Array(repeating: JobRequest(step: "ping"), count: 7))
      var text = try await Self.get("http://\(address)/metrics").text
      #expect(text.contains("\nstepworks_queue_slots_wanted{queue=\"default\"} 7\n"))
      #expect(text.contains("\nstepworks_queue_slots_allowed{queue=\"default\"} 5\n"))
      #expect(text.contains("\nstepworks_queue_slots_used{queue=\"default\"} 0\n"))
      _ = try Program.run(["sqlite3", queue.path], input: "UPDATE worker_configs SET paused = 1;")
      text = try await Self.get("http://\(address)/metrics").text
      #expect(text.contains("\nstepworks_queue_slots_allowed{queue=\"default\"} 0\n"))
      #expect(text.contains("\nstepworks_queue_paused{queue=\"default\"} 1\n"))
    }
  }

  @Test func `Merged inserts are counted once each, whoever looks, and stay counted when their events are deleted`()
    async throws
  {
    try await queue.publish([
      StepDefinition(name: "ping", version: 1, queue: "default", summary: "Ping.", parameters: ParameterSchema([]))
    ])
    try await queue.ensureQueues(["default": 5])
    for _ in 0..<2 { _ = try await queue.enqueue([JobRequest(step: "ping")]) }  // before the worker started
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      let zero = "\nstepworks_queue_duplicates_total{queue=\"default\"} 0\n"
      #expect(try await Self.get("http://\(address)/metrics").text.contains(zero))
      _ = try Program.run(
        ["sqlite3", queue.path], input: "INSERT INTO jobs (step) VALUES ('ping'), ('ping'), ('ping');")
      let three = "\nstepworks_queue_duplicates_total{queue=\"default\"} 3\n"
      #expect(try await Self.get("http://\(address)/metrics").text.contains(three))
      _ = try Program.run(["sqlite3", queue.path], input: "DELETE FROM job_events;")
      #expect(try await Self.get("http://\(address)/metrics").text.contains(three))
    }
  }

  @Test func `How long the write lock has been waited for shows while it is waited for`() async throws {
    let holder = try Program(["sqlite3", queue.path])
    try holder.send("BEGIN IMMEDIATE; SELECT 'held';")
    #expect(holder.readLine() == "held")
    let zero = "\nstepworks_write_lock_waiting_seconds 0\n"
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      #expect(try await Self.get("http://\(address)/metrics").text.contains(zero))
      async let write: Void = queue.ensureQueues(["late": 1])
      while queue.writeLockWait == .zero { await Task.yield() }
      #expect(try await !Self.get("http://\(address)/metrics").text.contains(zero))
      try holder.send("COMMIT; SELECT 'free';")
      #expect(holder.readLine() == "free")
      try await write
      #expect(try await Self.get("http://\(address)/metrics").text.contains(zero))
    }
    _ = try holder.finish()
  }

  @Test(arguments: ["", "GET /heal", "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"])
  func `A client that falls silent is not kept`(_ request: String) async throws {
    try await serving(HealthReport(worker: 1, state: .running), longestSilence: .milliseconds(50)) { address in
      let client = try Client(address)
      client.send(request)
      client.readToEnd()  // else it never comes
      #expect(try await Self.get("http://\(address)/healthz").status == 200)
    }
  }

  @Test func `Clients that keep their connections leave the worker its files, and others have their turn`() async throws
  {
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      func connect() throws -> [Client] {
        try (0..<StatusServer.mostConnections).map { _ in
          let client = try Client(address)
          client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
          return client
        }
      }
      var first = try connect()
      let second = try connect()
      for client in first { #expect(client.read() > 0) }
      // A few are taken at once.
      #expect(try Self.acceptedConnections(at: address) < StatusServer.mostConnections + 10)
      first = []
      for client in second { #expect(client.read() > 0) }
    }
  }

  @Test func `A port that is taken is one sentence that names the setting`() async throws {
    try await serving(HealthReport(worker: 1, state: .running)) { address in
      let error = await #expect(throws: StatusServerError.self) {
        try await server(address, HealthReport(worker: 2, state: .running)) { _ in }.run()
      }
      #expect(error?.description.contains("status.port") == true)
      #expect(error?.description.contains("\(address)") == true)
    }
  }

  /// Runs a server on a free port for as long as `body` takes.
  private func serving(
    _ report: HealthReport, longestSilence: Duration = .seconds(90),
    _ body: @escaping (StatusServer.Address) async throws -> Void
  ) async throws {
    let (addresses, continuation) = AsyncStream.makeStream(of: StatusServer.Address.self)
    let group = ServiceGroup(
      services: [
        server(StatusServer.Address(host: "127.0.0.1", port: 0), report, longestSilence) { continuation.yield($0) }
      ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let ended: Void = group.run()
    for await address in addresses {
      #expect(address.port != 0)
      do { try await body(address) } catch { Issue.record(error) }
      break
    }
    await group.triggerGracefulShutdown()
    try await ended
  }

  private func server(
    _ address: StatusServer.Address, _ report: HealthReport, _ longestSilence: Duration = .seconds(90),
    _ onListening: @escaping @Sendable (StatusServer.Address) async -> Void
  ) -> StatusServer {
    StatusServer(
      address: address, queue: queue, registry: registry, clock: clock.wall,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, longestSilence: longestSilence,
      health: { report }, onListening: onListening)
  }

  /// As the kernel lists them: one that waits to be accepted has no inode yet.
  private static func acceptedConnections(at address: StatusServer.Address) throws -> Int {
    let local = "0100007F:" + String(format: "%04X", address.port)
    return try String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8).split(separator: "\n").count { line in
      let fields = line.split(separator: " ")
      return fields[1] == local && fields[3] == "01" && fields[9] != "0"
    }
  }

  private static func get(
    _ url: String, accept: String? = nil, method: String = "GET"
  ) async throws -> (status: Int, type: String?, text: String) {
    var request = URLRequest(url: try #require(URL(string: url)))
    request.httpMethod = method
    if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
    let (data, response) = try await URLSession.shared.data(for: request)
    let http = try #require(response as? HTTPURLResponse)
    return (http.statusCode, http.value(forHTTPHeaderField: "Content-Type"), String(decoding: data, as: UTF8.self))
  }
}

/// A client that says what it wants to and closes its connection when it is let go.
private final class Client {
  private let socket: CInt

  init(_ address: StatusServer.Address) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = in_port_t(address.port).bigEndian
    name.sin_addr.s_addr = inet_addr(address.host)
    let status = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(status == 0)
  }

  deinit { close(socket) }

  func send(_ text: String) { _ = Glibc.send(socket, text, text.utf8.count, CInt(MSG_NOSIGNAL)) }

  /// How many bytes came; 0 at the end.
  func read() -> Int {
    var buffer = [UInt8](repeating: 0, count: 4096)
    return recv(socket, &buffer, buffer.count, 0)
  }

  func readToEnd() { while read() > 0 {} }
}
