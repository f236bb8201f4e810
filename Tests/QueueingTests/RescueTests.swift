import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct RescueTests {
  /// Registers a worker whose lock another process holds.
  static let holder = """
    import fcntl, os, sqlite3, sys
    database, name = sys.argv[1:]
    os.makedirs(database + "-locks", exist_ok=True)
    lock = open(database + "-locks/" + name, "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    db = sqlite3.connect(database, timeout=10)
    db.execute("PRAGMA foreign_keys = ON")
    with db:
        worker = db.execute(
            "INSERT INTO workers (host, pid, boot_id, lock_name, version, steps, started_at, heartbeat_at)"
            " VALUES ('here', ?, 'boot', ?, '1', '[]', 1, 1)", (os.getpid(), name)).lastrowid
        for _ in range(3):
            db.execute("INSERT INTO jobs (step) VALUES ('work')")
        db.execute("UPDATE jobs SET state = 'running', fence = 1, attempt = 1, worker_id = ?, started_at = 1", (worker,))
    print(os.getpid(), flush=True)
    sys.stdin.read()
    """

  /// - Returns: what became of the jobs.
  private func rescueAll(_ fixture: QueueFixture) async throws -> [RunOutcome: Int] {
    var counts: [RunOutcome: Int] = [:]
    for dead in try await fixture.queue.deadWorkers() {
      counts.merge(try await fixture.queue.rescue(dead), uniquingKeysWith: +)
    }
    return counts
  }

  @Test func `A stopped process keeps its jobs, a killed one loses them at once`() async throws {
    let fixture = try await QueueFixture()
    let other = try Program.python(Self.holder, [fixture.queue.path, "worker-other.lock"])
    let pid = try #require(other.readLine().flatMap { Int32($0) })
    defer { kill(pid, SIGKILL) }
    #expect(try await rescueAll(fixture).isEmpty)
    kill(pid, SIGSTOP)
    fixture.clock.advance(by: .seconds(3600))
    #expect(try await rescueAll(fixture).isEmpty)
    #expect(try await fixture.queue.runningLeases().count == 3)
    kill(pid, SIGKILL)
    _ = try other.finish()
    #expect(try await rescueAll(fixture) == [.retryScheduled: 3])
    #expect(try await fixture.states([1, 2, 3]) == [.available, .available, .available])
    #expect(try fixture.sql("SELECT state FROM workers;") == ["dead"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.queue.lockDirectory).isEmpty)
    #expect(try await rescueAll(fixture).isEmpty)
  }

  @Test func `A living worker of this process is not rescued`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker)
    #expect(try await fixture.queue.deadWorkers().isEmpty)
    await fixture.complete(claimed)
  }

  @Test(arguments: [-86_400, 86_400])
  func `A clock that jumps a day rescues nobody`(_ seconds: Int) async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker)
    fixture.clock.advance(by: .seconds(seconds))
    #expect(try await fixture.queue.deadWorkers().isEmpty)
    #expect(try await fixture.queue.heartbeat(worker.id) == [claimed.job.token])
    #expect(await fixture.complete(claimed) == .settled(.completed(.done)))
  }

  @Test func `A worker whose lock file was cleaned away is not rescued while its process lives`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let claimed = try await fixture.running(worker)
    try FileManager.default.removeItem(atPath: fixture.queue.lockDirectory)
    #expect(try await fixture.queue.deadWorkers().isEmpty)
    await fixture.complete(claimed)
    // Of another boot it cannot live.
    try fixture.sql("UPDATE workers SET boot_id = 'earlier';")
    #expect(try await fixture.queue.deadWorkers().map(\.id) == [worker.id])
  }

  @Test func `A rescued job costs a crash and no attempt, and says so in its history`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    worker.die()
    let dead = try #require(try await fixture.queue.deadWorkers().first)
    #expect(dead.leases == [stale.job.token])
    #expect(try await fixture.queue.rescue(dead) == [.retryScheduled: 1])
    let job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes) == (.available, 0, 1))
    #expect(job.error?.failureClass == .workerDied)
    #expect(try await fixture.history(1) == [.enqueued, .started, .rescued])
    let again = try await fixture.claimOne(try await fixture.worker())
    #expect(again.job.fence == 2)
    await fixture.complete(again)
    #expect(await fixture.complete(stale) == .leaseLost)
  }

  @Test func `A job that keeps killing its workers fails when its crash budget is spent`() async throws {
    let fixture = try await QueueFixture()
    var stale: [ClaimedJob] = []
    try await fixture.enqueue(maxCrashes: 2)
    for outcome in [RunOutcome.retryScheduled, .failed] {
      let worker = try await fixture.worker()
      stale.append(try await fixture.claimOne(worker))
      worker.die()
      #expect(try await rescueAll(fixture) == [outcome: 1])
    }
    let job = try await fixture.job(1)
    #expect((job.state, job.attempt, job.crashes, job.error?.failureClass) == (.failed, 0, 2, .workerDied))
    await fixture.release(stale)
  }

  @Test func `A job that was being cancelled when its worker died is cancelled`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    _ = try await fixture.queue.cancel(1)
    worker.die()
    #expect(try await rescueAll(fixture) == [.cancelled: 1])
    #expect(try await fixture.state(1) == .cancelled)
    await fixture.release([stale])
  }

  @Test func `A dead worker names the tools it had started`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    let runID = fixture.queue.runID(of: stale.job.token)
    let process = ToolProcessRecord(tool: "t", runID: runID, pid: 1, startTicks: .max, bootID: "b")
    #expect(try await fixture.queue.recordToolStart(process, of: stale.job.token, by: worker.id))
    worker.die()
    #expect(try await fixture.queue.deadWorkers().first?.runIDs == [runID])
    #expect(try await rescueAll(fixture) == [.retryScheduled: 1])
    #expect(try fixture.sql("SELECT count(*) FROM tool_processes;") == ["0"])
    await fixture.release([stale])
  }

  @Test func `Two rescuers do not take the same worker`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    worker.die()
    let first = try await fixture.queue.deadWorkers()
    #expect(first.count == 1)
    #expect(try await fixture.secondQueue().deadWorkers().isEmpty)
    #expect(try await fixture.queue.rescue(first[0]) == [.retryScheduled: 1])
    #expect(try await fixture.secondQueue().deadWorkers().isEmpty)
    await fixture.release([stale])
  }

  @Test func `A lock file that belongs to nobody is removed, one that is held or registered is not`() async throws {
    let fixture = try await QueueFixture()
    let registered = try await fixture.worker()
    let held = try #require(try WorkerLock(name: WorkerLock.freshName(), in: fixture.queue.lockDirectory))
    let stray = try #require(try WorkerLock(name: WorkerLock.freshName(), in: fixture.queue.lockDirectory)).name
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: fixture.queue.lockDirectory) }
    #expect(try names().count == 3)
    // The files have the time of the machine.
    fixture.clock.advance(by: fixture.clock.now.duration(to: Timestamp(Date())))
    try await fixture.queue.removeStrayLocks()
    #expect(try names().count == 3, "too young to be judged")
    fixture.clock.advance(by: .seconds(60))
    try await fixture.queue.removeStrayLocks()
    #expect(try names().count == 2)
    #expect(try !names().contains(stray))
    registered.die()
    _ = held
  }

  @Test func `A worker that still has a job is not stopped: a rescue must find it`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let stale = try await fixture.running(worker)
    #expect(try await !fixture.queue.markStopped(worker.id))
    worker.die()
    #expect(try await rescueAll(fixture) == [.retryScheduled: 1])
    #expect(try await fixture.state(1) == .available)
    await fixture.release([stale])
  }

  @Test func `A worker that stopped in good order is not dead`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.markDraining(worker.id)
    #expect(try fixture.sql("SELECT state FROM workers;") == ["draining"])
    #expect(try await fixture.queue.markStopped(worker.id))
    worker.die()
    #expect(try await fixture.queue.deadWorkers().isEmpty)
  }

  @Test func `A heartbeat says which leases the worker still has`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let (first, second) = (try await fixture.running(worker), try await fixture.running(worker))
    #expect(try await fixture.queue.heartbeat(worker.id) == [first.job.token, second.job.token])
    await fixture.complete(first)
    fixture.clock.advance(by: .seconds(5))
    try await fixture.queue.configure("cad", maxConcurrency: 7)
    #expect(try await fixture.queue.heartbeat(worker.id) == [second.job.token])
    #expect(
      try fixture.sql(
        "SELECT heartbeat_at, config_version = (SELECT max(updated_at) FROM worker_configs) FROM workers;")
        == ["\(fixture.clock.now.milliseconds)|1"])
    await fixture.complete(second)
  }
}
