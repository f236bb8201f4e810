import Artifacts
import Foundation
import Jobs
import Queueing
import SystemPackage
import TestSupport
import Testing

/// Makes artifacts as a worker does: through the store and the settlement, with content that the test chooses.
struct Maker {
  let workshop: Workshop
  let queue: JobQueue
  let store: ArtifactStore
  private let id: WorkerID
  private let lock: WorkerLock

  struct File {
    var name: String
    var role: String
    var content: String
    var view: String?

    init(_ name: String, _ role: String, _ content: String, view: String? = nil) {
      self.name = name
      self.role = role
      self.content = content
      self.view = view
    }
  }

  init(_ workshop: Workshop) async throws {
    self.workshop = workshop
    queue = try workshop.queue()
    store = try ArtifactStore(root: FilePath(workshop.directory.file("stepworks-data")))
    lock = try #require(try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory))
    id = try await queue.register(
      WorkerIdentity(host: "test", pid: 1, bootID: "boot", version: "0", steps: ["export_glb", "render_still"]),
      lock: lock)
  }

  /// Runs one job from its insert to its settlement.
  @discardableResult
  func make(
    _ step: StepName = "export_glb", source: String = "/parts/bearing.step", tenant: String = "default",
    files: [File]
  ) async throws -> JobID {
    let request = JobRequest(step: step, parameters: .object(["source": .string(source)]), tenant: tenant)
    let job = try await queue.enqueue([request])[0].jobID
    let claimed = try #require(try await queue.claim(ClaimScope(workerID: id, steps: [step]), limit: 1).first)
    let (artifacts, entries) = try publish(files, claimed.job)
    let result = StepResult(result: .object(["artifacts": .array(entries)]), artifacts: artifacts)
    let settlement = await queue.settle(claimed.lease(), of: claimed.job, as: .completed(result))
    #expect(settlement.standing == .settled(.completed(.done)))
    return job
  }

  private func publish(_ files: [File], _ job: Job) throws -> ([Artifact], [JSONValue]) {
    let attempt = try store.openAttempt(job.token)
    defer { try? attempt.discard() }
    var entries: [JSONValue] = []
    let artifacts = try files.map { file in
      try Data(file.content.utf8).write(to: URL(fileURLWithPath: attempt.directory.appending(file.name).string))
      let artifact = try attempt.publish(
        file.name, role: file.role, mediaType: "model/gltf-binary",
        provenance: .object(["step": .string(job.step.rawValue), "tools": .string("test 1")]))
      var entry: [String: JSONValue] = ["role": .string(file.role), "path": .string(artifact.path)]
      entry["view"] = file.view.map { .string($0) }
      entries.append(.object(entry))
      return artifact
    }
    return (artifacts, entries)
  }

  /// Makes rows and files of jobs look this old.
  func age(_ duration: Duration, jobs: JobID...) throws {
    let ids = jobs.map(String.init).joined(separator: ", ")
    let sql = "UPDATE artifacts SET created_at = created_at - \(duration.wholeMilliseconds) WHERE job_id IN (\(ids))"
    #expect(try workshop.shell("sqlite3 stepworks.db \"\(sql)\"").status == 0)
  }

  func path(of job: JobID, _ role: String = "glb") async throws -> String {
    try #require(try await queue.artifacts(of: job).first { $0.role == role }).path
  }

  func damage(_ path: String) throws {
    #expect(try workshop.shell("chmod u+w '\(path)' && printf X >> '\(path)'").status == 0)
  }

  /// Every published file, by name.
  func files() throws -> [String] { try store.listing().files.map { $0.path.lastComponent?.string ?? "" }.sorted() }
}
