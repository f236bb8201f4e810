import Foundation
import Glibc
import Jobs
import Queueing
import Testing

/// A database and a data directory of its own, the daemons on it, and a producer that knows nothing but SQL.
final class Installation {
  let directory: String
  let queue: JobQueue
  private var daemons: [Daemon] = []

  var database: String { directory + "/stepworks.db" }

  init() throws {
    directory = NSTemporaryDirectory() + "stepworks-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let migration = try Command.run(
      Products.program("stepworks"), ["migrate", "--database", directory + "/stepworks.db"])
    try #require(migration.status == 0, "\(migration.errors)")
    queue = try JobQueue(path: directory + "/stepworks.db")
  }

  deinit {
    daemons = []  // ends those that still run
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Starts a worker. It looks for dead workers every second and ends tools after one second of grace, so that tests
  /// need not wait for the patience of production.
  @discardableResult
  func startWorker(_ arguments: [String] = [], environment: [String: String] = [:]) throws -> Daemon {
    let settings = [
      "STEPWORKS_DATABASE": database, "STEPWORKS_STATUS_PORT": "off", "STEPWORKS_WORKER_RESCUE_SECONDS": "1",
      "STEPWORKS_TOOLS_GRACE_SECONDS": "1", "STEPWORKS_LOG_FORMAT": "json", "STEPWORKS_TOOLS_RENDER": "off",
      "STEPWORKS_TOOLS_USD": "off",
    ].merging(environment) { $1 }
    let daemon = try Daemon(
      ["worker"] + arguments, environment: settings, log: directory + "/worker-\(daemons.count).log")
    daemons.append(daemon)
    return daemon
  }

  /// A worker that also renders; asking Blender what there is takes it two seconds more.
  @discardableResult
  func startRenderer(_ arguments: [String] = [], environment: [String: String] = [:]) throws -> Daemon {
    try startWorker(
      arguments, environment: ["STEPWORKS_TOOLS_RENDER": Products.renderTool].merging(environment) { $1 })
  }

  /// A bearing as the project's own tool makes it.
  func makeBearing(name: String = "bearing.step") throws -> String {
    let path = directory + "/" + name
    let made = try Command.run(Products.program("stepworks-cad"), ["sample", "bearing", path])
    try #require(made.status == 0, "\(made.errors)")
    return path
  }

  /// What the sqlite3 command prints.
  @discardableResult
  func sql(_ statement: String) throws -> String {
    let result = try Command.run(
      URL(fileURLWithPath: "/usr/bin/sqlite3"), ["-cmd", ".timeout 20000", database, statement])
    try #require(result.status == 0, "\(result.errors)")
    return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func insert(_ step: String, _ parameters: JSONValue, columns: [String: String] = [:]) throws -> JobID {
    let names = (["step", "parameters"] + columns.keys.sorted()).joined(separator: ", ")
    let text = parameters.text.replacingOccurrences(of: "'", with: "''")
    let values = (["'\(step)'", "'\(text)'"] + columns.keys.sorted().map { columns[$0]! }).joined(separator: ", ")
    return try #require(JobID(try sql("INSERT INTO jobs (\(names)) VALUES (\(values)) RETURNING id")))
  }

  func job(_ id: JobID) async throws -> Job { try #require(try await queue.job(id)) }

  /// Follows the history of a job until the event comes. The suite's time limit ends a wait for one that never does.
  @discardableResult
  func waitForEvent(of id: JobID, fence: Int64? = nil, _ kinds: JobEventKind...) async throws -> JobEvent {
    try await EventFollower(queue, job: id).next { event in
      kinds.contains(event.kind) && (fence == nil || event.fence == fence)
    }
  }

  func waitForEnd(of id: JobID) async throws -> Job {
    try await waitForEvent(of: id, .completed, .failed, .cancelled)
    return try await job(id)
  }

  /// Waits for the commit after which this holds.
  func waitForCommit(until holds: () throws -> Bool) async throws {
    let watcher = try CommitWatcher(queue)
    defer { watcher.stop() }
    var wakeUps = watcher.wakeUps.makeAsyncIterator()
    while try !holds() { try #require(await wakeUps.next() != nil) }
  }

  func runID(_ job: JobID, fence: Int64) -> String { queue.runID(of: LeaseToken(jobID: job, fence: fence)) }
}

/// Reads the history as it grows.
final class EventFollower {
  private let queue: JobQueue
  private let jobID: JobID?
  private let watcher: CommitWatcher
  private var wakeUps: AsyncStream<Void>.Iterator
  private var unread: ArraySlice<JobEvent> = []
  private var last: Int64 = 0

  /// - Parameter job: `nil`: the events of all jobs.
  init(_ queue: JobQueue, job: JobID? = nil) throws {
    self.queue = queue
    self.jobID = job
    watcher = try CommitWatcher(queue)
    wakeUps = watcher.wakeUps.makeAsyncIterator()
  }

  deinit { watcher.stop() }

  /// The next event that matches; those before it are passed over.
  func next(
    isolation: isolated (any Actor)? = #isolation, where matches: (JobEvent) -> Bool
  ) async throws -> JobEvent {
    while true {
      while let event = unread.popFirst() {
        last = event.id
        if matches(event) { return event }
      }
      unread = try await queue.events(after: last, of: jobID)[...]
      if unread.isEmpty { _ = await wakeUps.next(isolation: isolation) }
    }
  }
}

/// Looks at the processes of this machine.
enum Processes {
  /// Everything that carries the mark of a run in its environment.
  static func ofRun(_ runID: String) -> [pid_t] {
    let mark = Data("STEPWORKS_RUN=\(runID)\0".utf8)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      guard let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ"), !environment.isEmpty
      else { return false }
      return environment.range(of: mark) != nil
    }
  }
}
