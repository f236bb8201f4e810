import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

/// A directory with a database, and the built `stepworks` to use on it.
struct Workshop {
  let directory: TemporaryDirectory

  var database: String { directory.file("stepworks.db") }

  /// Beside the test bundle, where the build puts every product.
  static let program =
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent("stepworks").path
    } ?? "stepworks"

  init(migrated: Bool = true) throws {
    directory = try TemporaryDirectory()
    if migrated {
      let result = try run("migrate")
      try #require(result.status == 0, "\(result.errors)")
    }
  }

  /// Runs `stepworks` in the directory, with no more environment than given.
  @discardableResult
  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> ProgramResult {
    try Program.run(command(arguments, environment))
  }

  /// Starts `stepworks` with standard error among its output, so that a test can follow what it says.
  func start(_ arguments: String...) throws -> Program {
    try Program(["sh", "-c", "exec \"$@\" 2>&1", "sh"] + command(arguments, [:]))
  }

  /// Runs a shell script in which `$stepworks` is the program.
  func shell(_ script: String) throws -> ProgramResult {
    try Program.run([
      "-i", "-C", directory.path, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "stepworks=\(Self.program)",
      "STEPWORKS_DATABASE=\(database)", "bash", "-c", script,
    ])
  }

  func queue() throws -> JobQueue { try JobQueue(path: database) }

  @discardableResult
  func writeFile(_ name: String, _ text: String = "ISO-10303-21;\n") throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
    return directory.file(name)
  }

  private func command(_ arguments: [String], _ environment: [String: String]) -> [String] {
    let variables = ["STEPWORKS_DATABASE": database].merging(environment) { $1 }.map { "\($0)=\($1)" }
    return ["env", "-i", "-C", directory.path] + variables.sorted() + [Self.program] + arguments
  }
}

extension ProgramResult {
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  var json: JSONValue { get throws { try JSONValue(parsing: output) } }
}

/// A worker that does what the test says, over the queue's own verbs.
struct ScriptedWorker {
  let queue: JobQueue
  let id: WorkerID
  private let lock: WorkerLock

  init(_ queue: JobQueue) async throws {
    self.queue = queue
    lock = try #require(try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory))
    id = try await queue.register(
      WorkerIdentity(host: "test", pid: 1, bootID: "boot", version: "0", steps: ["export_glb", "ping"]), lock: lock)
  }

  /// Claims the next job and ends it in this way.
  func runNext(_ ending: RunEnding) async throws {
    let scope = ClaimScope(workerID: id, steps: ["export_glb", "ping"])
    let claimed = try #require(try await queue.claim(scope, limit: 1).first)
    let settlement = await queue.settle(claimed.lease(), of: claimed.job, as: ending)
    #expect(settlement.standing != .leaseLost)
  }

  /// Claims the next job, which then runs until somebody else ends it.
  func claimNext() async throws -> Job {
    let scope = ClaimScope(workerID: id, steps: ["export_glb", "ping"])
    return try #require(try await queue.claim(scope, limit: 1).first).job
  }

  static func artifact(_ path: String) -> Artifact {
    let digest = String(repeating: "a", count: 64)
    return Artifact(
      role: "glb", path: path, mediaType: "model/gltf-binary", bytes: 12, sha256: digest, derivationKey: digest,
      provenance: .object([:]))
  }
}
