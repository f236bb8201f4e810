import Foundation
import Glibc
import Jobs
import Testing

/// What a worker tells whoever started it with NOTIFY_SOCKET.
@Suite("A worker and its service manager", .timeLimit(.minutes(2)))
struct ServiceManagerTests {
  private let installation: Installation
  private let listener: NotifyListener

  init() throws {
    installation = try Installation()
    listener = try NotifyListener()
  }

  private func start(_ environment: [String: String] = [:]) throws -> Daemon {
    try installation.startWorker(environment: ["NOTIFY_SOCKET": listener.name].merging(environment) { $1 })
  }

  @Test func `Its start has a status, and READY comes once the queue answered and the status server listens`() throws {
    let worker = try start(["STEPWORKS_STATUS_PORT": "0"])
    #expect(listener.next() == "STATUS=starting: opening the database")
    #expect(listener.next() == "STATUS=starting: looking at the tools")
    #expect(listener.next() == "READY=1")
    #expect(worker.output.contains("worker status"))
    #expect(listener.wait(for: "STATUS=").message == "STATUS=running 0, waiting 0")
  }

  @Test func `Its status tells what runs and what waits`() async throws {
    try installation.sql("UPDATE worker_configs SET max_concurrency = 1 WHERE queue_name = 'default'")
    let worker = try start()
    _ = worker
    for _ in 0..<3 { try insertLongJob() }
    let status = listener.wait(for: "STATUS=running 1, waiting 2, oldest ")
    #expect(status.before.contains("READY=1"))
  }

  @Test func `A drain says STOPPING first and asks for time as long as it is within its budget`() async throws {
    let worker = try start(["STEPWORKS_WORKER_DRAIN_SECONDS": "2"])
    let id = try insertLongJob()
    try await installation.waitForEvent(of: id, .toolStarted)
    listener.wait(for: "READY=1")
    worker.send(SIGTERM)
    let stopping = listener.wait(for: "STOPPING=1")
    #expect(!stopping.before.contains { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") })
    let request = listener.wait(for: "EXTEND_TIMEOUT_USEC=").message
    // Ten seconds at a time, and five beyond them.
    let microseconds = try #require(Int(request.dropFirst("EXTEND_TIMEOUT_USEC=".count)))
    #expect((1...15_000_000).contains(microseconds))
    #expect(worker.wait() == 0)
    // What is asked for last also covers the end of the process.
    let last = try #require(listener.wait(for: "STATUS=stopped").before.last { $0.hasPrefix("EXTEND_TIMEOUT_USEC=") })
    #expect(try #require(Int(last.dropFirst("EXTEND_TIMEOUT_USEC=".count))) > 15_000_000)
    #expect(try await installation.job(id).state == .available)
  }

  @Test func `A drain has an end also while another program keeps the database locked`() throws {
    let worker = try start(["STEPWORKS_WORKER_DRAIN_SECONDS": "0"])
    listener.wait(for: "READY=1")
    let locker = try Locker(installation.database)
    worker.send(SIGTERM)
    #expect(worker.wait() == 70)
    #expect(worker.output.contains("The drain did not end within 21 seconds; this worker gives up"))
    locker.release()
  }

  @Test func `A worker that another program keeps from becoming ready ends at once when it is told to stop`() throws {
    let locker = try Locker(installation.database)
    // A short watchdog: it says sooner that it waits.
    let worker = try start(["WATCHDOG_USEC": "1000000"])
    while !worker.output.contains("locked for writing") { sched_yield() }
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
    #expect(worker.output.contains("worker stopped before it was ready"))
    locker.release()
  }

  @Test func `An idle worker pings its watchdog`() throws {
    let worker = try start(["WATCHDOG_USEC": "2000000"])
    for _ in 0..<3 { listener.wait(for: "WATCHDOG=1") }
    _ = worker
  }

  @Test func `A watchdog that is meant for another process gets no ping`() throws {
    let worker = try start(["WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"])
    // Three messages about the queue take longer than several pings would.
    var seen: [String] = []
    for _ in 0..<3 {
      try insertLongJob()
      seen += listener.wait(for: "STATUS=").before
    }
    #expect(!seen.contains("WATCHDOG=1"))
    _ = worker
  }

  @Test func `A database that another program keeps locked does not silence the watchdog`() throws {
    let worker = try start(["WATCHDOG_USEC": "1000000"])
    listener.wait(for: "WATCHDOG=1")
    let locker = try Locker(installation.database)
    while !worker.output.contains("locked for writing") { sched_yield() }
    for _ in 0..<5 { listener.wait(for: "WATCHDOG=1") }
    locker.release()
    for _ in 0..<3 { listener.wait(for: "WATCHDOG=1") }
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
  }

  @Test func `A reload is announced and ended, and applies what can change`() throws {
    let file = installation.directory + "/stepworks.yaml"
    try write("worker:\n  slots: 1\n", to: file)
    let worker = try start(["STEPWORKS_CONFIG": file])
    listener.wait(for: "READY=1")
    for _ in 0..<2 { try insertLongJob() }
    listener.wait(for: "STATUS=running 1, waiting 1")
    try write("worker:\n  slots: 2\n  queues: [default]\nlog:\n  level: debug\n", to: file)
    worker.send(SIGHUP)
    let reloading = listener.wait(for: "RELOADING=1").message
    #expect(reloading.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=\d+/) != nil)
    listener.wait(for: "READY=1")
    listener.wait(for: "STATUS=running 2, waiting 0")
    #expect(worker.output.contains("from now on: log.level = debug, worker.slots = 2."))
    #expect(worker.output.contains("Restart the worker for what else has changed in its configuration: worker.queues."))
    #expect(worker.output.contains(#""level":"debug""#))
  }

  @Test func `A reload that gets no further does not hold up a stop`() throws {
    let file = installation.directory + "/stepworks.yaml"
    try write("worker:\n  slots: 1\n", to: file)
    let worker = try start(["STEPWORKS_CONFIG": file])
    listener.wait(for: "READY=1")
    #expect(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
    worker.send(SIGHUP)
    listener.wait(for: "RELOADING=1")
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
  }

  @Test func `A reload of a wrong file changes nothing, is one error line, and stays in the status until the next`()
    throws
  {
    let file = installation.directory + "/stepworks.yaml"
    try write("worker:\n  slots: 1\n", to: file)
    let worker = try start(["STEPWORKS_CONFIG": file])
    listener.wait(for: "READY=1")
    try write("worker:\n  slots: many\n", to: file)
    worker.send(SIGHUP)
    let status = listener.wait(for: "STATUS=running 0, waiting 0; the configuration was not reloaded: worker.slots in ")
    #expect(status.before.contains("READY=1"))
    let errors = worker.output.split(separator: "\n").filter { $0.contains(#""level":"error""#) }
    #expect(errors.count == 1)
    #expect(errors.first?.contains("not 'many'") == true)
    try write("worker:\n  slots: 1\n", to: file)
    worker.send(SIGHUP)
    #expect(listener.wait(for: "STATUS=").message == "STATUS=running 0, waiting 0")
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
  }

  @discardableResult
  private func insertLongJob() throws -> JobID {
    try installation.insert("ping", .object(["tool": .bool(true), "sleep_seconds": .number(600)]))
  }

  private func write(_ text: String, to file: String) throws {
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }
}

/// Another program that holds the write lock of a database.
final class Locker {
  private let process = Process()
  private let input = Pipe()

  init(_ database: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    process.arguments = ["-cmd", ".timeout 20000", database]
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    input.fileHandleForWriting.write(Data("BEGIN IMMEDIATE; SELECT 'locked';\n".utf8))
    try #require(output.fileHandleForReading.availableData == Data("locked\n".utf8))
  }

  func release() {
    input.fileHandleForWriting.write(Data("ROLLBACK;\n".utf8))
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  deinit { if process.isRunning { process.terminate() } }
}
