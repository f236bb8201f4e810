import Foundation
import Jobs
import Queueing
import Synchronization
import TestSupport
import Testing

@Suite struct DiskFullTests {
  /// A database on a file system of two megabytes, with one running job.
  private struct SmallDisk {
    let mount: Mount
    let queue: JobQueue
    let claimed: ClaimedJob
    private let lock: WorkerLock

    init() async throws {
      mount = try Mount(megabytes: 2)
      queue = try JobQueue(path: mount.file("queue.db"), options: DatabaseOptions(opening: .createOrMigrate))
      try await queue.publish(QueueFixture.steps)
      try await queue.ensureQueues(["cad": 10])
      lock = try #require(try WorkerLock(name: "worker", in: queue.lockDirectory))
      let id = try await queue.register(
        WorkerIdentity(host: "h", pid: 1, bootID: "b", version: "1", steps: ["free"]), lock: lock)
      _ = try await queue.enqueue([JobRequest(step: "free")])
      claimed = try #require(try await queue.claim(ClaimScope(workerID: id, steps: ["free"]), limit: 1).first)
    }

    /// Takes all the space that is left.
    func fill() throws {
      let path = mount.file("filler")
      _ = FileManager.default.createFile(atPath: path, contents: nil)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      for size in [65_536, 4096, 1] {
        while (try? file.write(contentsOf: Data(count: size))) != nil {}
      }
      try file.close()
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: mount.file("filler")) }
  }

  /// Larger than what the log has room for.
  private let large = JSONValue.object(["text": .string(String(repeating: "x", count: 400_000))])

  @Test func `A full disk is one clear sentence, and nothing is half written`() async throws {
    let disk = try await SmallDisk()
    try disk.fill()
    let error = await #expect(throws: QueueError.self) {
      try await disk.queue.enqueue([JobRequest(step: "free", parameters: large)])
    }
    #expect(
      error?.description == "The disk that holds \(disk.queue.path) is full; free some space, nothing was lost.")
    #expect(try await disk.queue.jobs().count == 1)
    try disk.makeRoom()
    _ = try await disk.queue.enqueue([JobRequest(step: "free", parameters: large)])
    #expect(try await disk.queue.jobs().count == 2)
    _ = await disk.queue.settle(disk.claimed.lease(), of: disk.claimed.job, as: .released)
  }

  @Test func `A job that ends while the disk is full is settled once there is room`() async throws {
    let disk = try await SmallDisk()
    try disk.fill()
    let complaints = Mutex<[String]>([])
    let settlement = await disk.queue.settle(
      disk.claimed.lease(), of: disk.claimed.job, as: .completed(StepResult(result: large))
    ) { complaint in
      complaints.withLock { $0.append(complaint) }
      do { try disk.makeRoom() } catch { return false }
      return true
    }
    #expect(settlement.standing == .settled(.completed(.done)))
    #expect(
      complaints.withLock { $0 } == [
        "Job 1 cannot be settled yet: The disk that holds \(disk.queue.path) is full; free some space, nothing was lost."
      ])
    #expect(try await disk.queue.job(1)?.result == large)
  }

  @Test func `A worker that cannot wait any longer leaves the job running, for a rescue`() async throws {
    let disk = try await SmallDisk()
    try disk.fill()
    let settlement = await disk.queue.settle(
      disk.claimed.lease(), of: disk.claimed.job, as: .completed(StepResult(result: large)))
    #expect(settlement.standing == .abandoned)
    #expect(try await disk.queue.job(1)?.state == .running)
  }
}
