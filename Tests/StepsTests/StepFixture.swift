import Artifacts
import Foundation
import Jobs
import Steps
import Synchronization
import SystemPackage
import ToolExecution

/// The steps on geometry, with a tool that is a shell script of the test's own, run under the real supervisor.
final class StepFixture: Sendable {
  let directory: FilePath
  let source: FilePath
  let environment: StepEnvironment
  private let heard = Mutex<[StepReport]>([])

  /// - Parameters:
  ///   - script: what the tool does. `$1` is the request file, the working directory the attempt's.
  ///   - source: the name and the content of what is worked on.
  init(tool script: String, source: (name: String, text: String) = ("part.step", "ISO-10303-21;")) throws {
    directory = FilePath(NSTemporaryDirectory()).appending("steps-\(UUID().uuidString)")
    self.source = directory.appending(source.name)
    let executable = directory.appending("tool")
    let store = try ArtifactStore(root: directory.appending("data"))
    try Data(source.text.utf8).write(to: URL(fileURLWithPath: self.source.string))
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: executable.string))
    chmod(executable.string, 0o755)
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let supervisor = FilePath(program).removingLastComponent().appending("stepworks-supervisor")
    let limits = ToolLimits(
      fileSizeBytes: 1 << 20, wallClock: .seconds(20), silence: .seconds(2), terminationGrace: .milliseconds(200))
    func tool(_ name: String) -> Tool {
      Tool(name: name, executable: executable, limits: limits, version: .object(["version": .string("test")]))
    }
    environment = StepEnvironment(
      store: store, runner: ToolRunner(supervisor: supervisor), reaper: ToolReaper(supervisor: supervisor),
      databaseID: UUID().uuidString, sourceDirectory: directory,
      cad: tool("stepworks-cad"), usd: tool("stepworks-usd"), pingLimits: limits)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.string) }

  func run(_ step: StepName, _ parameters: [String: JSONValue] = [:]) async throws -> StepResult {
    let catalog = StepRegistry(StepCatalog.steps(in: environment))
    guard let step = catalog[step] else { preconditionFailure("no such step") }
    var members = parameters
    if step.definition.parameters.parameters.contains(where: { $0.name == "source" }) {
      members["source"] = .string(source.string)
    }
    let job = Job(
      id: 1, step: step.definition.name, queue: step.definition.queue, parameters: .object(members), state: .running,
      maxAttempts: 3, maxCrashes: 2, fence: 1, createdAt: Timestamp(milliseconds: 0))
    let resolved = try step.definition.parameters.resolve(job.parameters, for: job.step)
    return try await step.run(
      StepContext(job: job, parameters: resolved) { report in self.heard.withLock { $0.append(report) } })
  }

  /// The failure that a run ends with; `nil` when it gave a result or threw something else.
  func failure(_ step: StepName = "export_glb", _ parameters: [String: JSONValue] = [:]) async -> JobFailure? {
    do {
      _ = try await run(step, parameters)
      return nil
    } catch {
      return error as? JobFailure
    }
  }

  var reports: [StepReport] { heard.withLock { $0 } }

  /// What is left of attempts on the disk.
  var attempts: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: directory.appending("data/attempts").string)) ?? []
  }
}
