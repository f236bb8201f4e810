import Artifacts
import Jobs
import Steps
import SystemPackage
import ToolExecution

/// The tools of a worker, looked at before it takes its first job.
struct WorkerTools {
  let settings: Settings
  let store: ArtifactStore

  /// The steps this worker runs, each with the tools it needs.
  /// - Throws: `ToolError` when a tool of one of them is missing or can't say its version; ``SettingsError`` when
  ///   `worker.steps` names an unknown step.
  func registry(databaseID: String) async throws -> StepRegistry {
    let known = StepCatalog.definitions
    let wanted = settings.worker.steps ?? Set(known.map(\.name))
    let unknown = wanted.subtracting(known.map(\.name)).map(\.rawValue).sorted()
    guard unknown.isEmpty else {
      throw SettingsError(
        "worker.steps names \(unknown.joined(separator: ", ")); the steps are \(known.map(\.name.rawValue).joined(separator: ", "))."
      )
    }
    let runner = ToolRunner(supervisor: settings.tools.supervisor)
    let needsCAD = known.contains { wanted.contains($0.name) && $0.tools.contains("stepworks-cad") }
    let cad = Tool(
      name: "stepworks-cad", executable: settings.tools.cad, limits: cadLimits,
      version: needsCAD ? try await version(of: settings.tools.cad, runner) : .null)
    let environment = StepEnvironment(
      store: store, runner: runner, reaper: ToolReaper(supervisor: settings.tools.supervisor), databaseID: databaseID,
      sourceDirectory: FilePath(settings.database.path).removingLastComponent(), cad: cad,
      pingLimits: ToolLimits(silence: nil, terminationGrace: settings.tools.grace))
    return StepRegistry(StepCatalog.steps(in: environment)).restricted(to: wanted)
  }

  private func version(of executable: FilePath, _ runner: ToolRunner) async throws -> JSONValue {
    let output = try await runner.version(of: executable, scratch: store.root)
    guard let version = try? JSONValue(parsing: output), version["version"]?.stringValue != nil else {
      throw ToolError.missingTool(executable, reason: "its --version is not the JSON line that stepworks-cad prints")
    }
    return version
  }

  private var cadLimits: ToolLimits {
    let tools = settings.tools
    return ToolLimits(
      addressSpaceBytes: UInt64(tools.cadMemoryBytes), cpuSeconds: UInt64(tools.cadProcessorTime.seconds),
      fileSizeBytes: UInt64(tools.fileSizeBytes), wallClock: tools.cadWall, silence: tools.cadSilence,
      terminationGrace: tools.grace)
  }
}
