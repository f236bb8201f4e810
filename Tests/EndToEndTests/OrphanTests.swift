import Foundation
import Glibc
import Jobs
import Testing

/// A tool that ignores SIGTERM and leaves daemonised grandchildren, against every way in which its run can end.
@Suite("No orphan", .timeLimit(.minutes(3)))
struct OrphanTests {
  private static let stubborn = JSONValue.object([
    "tool": .bool(true), "ignore_sigterm": .bool(true), "daemons": .integer(3), "sleep_seconds": .integer(3600),
  ])

  /// Starts the stubborn job and waits until its daemons are there.
  private func startStubborn(_ installation: Installation) async throws -> (JobID, runID: String) {
    let id = try installation.insert("ping", Self.stubborn)
    try await installation.waitForEvent(of: id, fence: 1, .toolStarted)
    let runID = installation.runID(id, fence: 1)
    // The supervisor, the tool, its sleep, and for each daemon a shell and its sleep.
    while Processes.ofRun(runID).count < 1 + 2 + 3 * 2 { await Task.yield() }
    return (id, runID)
  }

  @Test("When its worker is killed, nothing of the tool is left before the next attempt starts")
  func workerKilled() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    let (id, runID) = try await startStubborn(installation)
    worker.send(SIGKILL)
    #expect(worker.wait() == -SIGKILL)

    try installation.startWorker()
    try await installation.waitForEvent(of: id, .rescued)
    #expect(Processes.ofRun(runID) == [])
    try await installation.waitForEvent(of: id, fence: 2, .started)
    let job = try await installation.job(id)
    #expect(job.crashes == 1)
    #expect(job.attempt == 1)
  }

  @Test("When worker and supervisor are killed together, the rescue ends what they left")
  func workerAndSupervisorKilled() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    let (id, runID) = try await startStubborn(installation)
    let supervisor = try #require(pid_t(try installation.sql("SELECT pid FROM tool_processes WHERE job_id = \(id)")))
    // Stopped first, so that it cannot see the death of its worker.
    kill(supervisor, SIGSTOP)
    worker.send(SIGKILL)
    kill(supervisor, SIGKILL)
    worker.wait()

    try installation.startWorker()
    try await installation.waitForEvent(of: id, .rescued)
    #expect(Processes.ofRun(runID) == [])
  }

  @Test("A cancelled job is cancelled only when nothing of its tool is left")
  func cancelled() async throws {
    let installation = try Installation()
    try installation.startWorker()
    let (id, runID) = try await startStubborn(installation)
    try installation.sql("UPDATE jobs SET cancel_requested_at = 1 WHERE id = \(id)")
    #expect(try await installation.waitForEnd(of: id).state == .cancelled)
    #expect(Processes.ofRun(runID) == [])
  }

  @Test("SIGTERM drains: the job is handed back at the deadline without an attempt, its tool is dead, the exit is 0")
  func drained() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(["--drain", "1"])
    let (id, runID) = try await startStubborn(installation)
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
    #expect(Processes.ofRun(runID) == [])
    let job = try await installation.job(id)
    #expect(job.state == .available)
    #expect(job.attempt == 0)
    #expect(job.crashes == 0)
    #expect(try installation.sql("SELECT state FROM workers") == "stopped")
  }

  @Test("A second signal does not wait for the drain deadline")
  func hurried() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(["--drain", "3600"])
    let (id, runID) = try await startStubborn(installation)
    worker.send(SIGTERM)
    while try installation.sql("SELECT state FROM workers") != "draining" { await Task.yield() }
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
    #expect(Processes.ofRun(runID) == [])
    #expect(try await installation.job(id).state == .available)
  }

  @Test("A second signal ends the tools even while another program holds the write lock")
  func lockedDatabase() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker(["--drain", "3600"])
    let (id, runID) = try await startStubborn(installation)
    let locker = Process()
    locker.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    locker.arguments = [installation.database]
    let (input, output) = (Pipe(), Pipe())
    locker.standardInput = input
    locker.standardOutput = output
    try locker.run()
    input.fileHandleForWriting.write(Data("BEGIN IMMEDIATE; SELECT 'locked';\n".utf8))
    #expect(output.fileHandleForReading.availableData == Data("locked\n".utf8))
    worker.send(SIGTERM)
    while !worker.output.contains("worker draining") { sched_yield() }
    worker.send(SIGTERM)
    while !Processes.ofRun(runID).isEmpty { await Task.yield() }
    input.fileHandleForWriting.write(Data("ROLLBACK;\n".utf8))
    try input.fileHandleForWriting.close()
    #expect(worker.wait() == 0)
    #expect(try await installation.job(id).state == .available)
  }

  @Test("A stopped worker keeps its jobs, however long it is silent")
  func paused() async throws {
    let installation = try Installation()
    let worker = try installation.startWorker()
    let (id, runID) = try await startStubborn(installation)
    worker.send(SIGSTOP)
    let other = try installation.startWorker()
    // The other has rescued nothing after it has run a later job and looked for dead workers again.
    let canary = try installation.insert("ping", .object(["sleep_seconds": .number(2.5)]))
    #expect(try await installation.waitForEnd(of: canary).state == .completed)
    #expect(try await installation.job(id).fence == 1)
    #expect(!Processes.ofRun(runID).isEmpty)
    worker.send(SIGCONT)
    _ = other
  }
}
