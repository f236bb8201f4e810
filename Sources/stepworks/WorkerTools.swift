import Artifacts
import Jobs
import Queueing
import Steps
import SystemPackage
import ToolExecution

/// The tools of a worker, looked at before it takes its first job.
struct WorkerTools {
  let settings: Settings
  let store: ArtifactStore
  let queue: JobQueue
  /// Where tools get cgroups; `nil`: where the settings say, which may move this process into another one.
  var cgroups: ToolCgroups?

  /// What a worker is going to serve.
  struct Inventory {
    var steps: StepRegistry
    /// The GPU probe's line, and whether it is a warning.
    var probe: (line: String, isWarning: Bool)?
    /// How many GPUs the render tool found; nil: nobody has looked.
    var gpus: Int?
    /// Why some steps are not served, a sentence each.
    var missing: [String]
    /// Processes to be ended with the worker.
    var warm: WarmTools?
  }

  /// The steps this worker runs, each with the tools it needs. A worker that names no steps serves those whose tools are
  /// there; one that names some must have them all.
  /// - Throws: `ToolError` when a tool is missing or can't say its version; ``SettingsError`` when `worker.steps` names
  ///   an unknown step, or one that is switched off.
  func inventory() async throws -> Inventory {
    let wanted = try wantedSteps()
    let needed = Set(StepCatalog.definitions.filter { wanted.contains($0.name) }.flatMap(\.tools))
    var inventory = Inventory(steps: StepRegistry([]), probe: nil, missing: [], warm: nil)
    var environment = try await environment(needsCAD: needed.contains("stepworks-cad"))
    if needed.contains("stepworks-usd"), settings.tools.usd != nil || settings.worker.steps != nil {
      do {
        environment.usd = try await settings.usdTool(environment.runner, scratch: store.root)
      } catch let error as ToolError where settings.worker.steps == nil {
        inventory.missing.append("export_usd is not served: \(error)")
      }
    }
    if needed.contains("stepworks-render"), settings.tools.render != nil || settings.worker.steps != nil {
      do {
        let (render, probe) = try await RenderTools(settings: settings, store: store, runner: environment.runner)
          .environment(queue: queue)
        environment.render = render
        inventory.missing += [memoryTrouble(environment.runner.cgroups)].compactMap(\.self)
        inventory.warm = render.warm
        inventory.gpus = probe.devices.count
        if settings.render.cyclesDevice != "cpu" {
          inventory.probe = (
            probe.line(settings.render.cyclesDevice),
            probe.devices.isEmpty && settings.render.cyclesDevice == "gpu"
          )
        }
      } catch let error as ToolError where settings.worker.steps == nil {
        inventory.missing.append("The render steps are not served: \(error)")
      }
    }
    if environment.render != nil, needed.contains("ffmpeg") {
      do {
        environment.render?.encoder = try await RenderTools(
          settings: settings, store: store, runner: environment.runner
        ).encoder()
      } catch let error as ToolError where settings.worker.steps == nil {
        inventory.missing.append("render_turntable is not served: \(error)")
      }
    }
    inventory.steps = StepRegistry(StepCatalog.steps(in: environment)).restricted(to: wanted)
    return inventory
  }

  /// Why the memory of renders will not be limited though it should.
  private func memoryTrouble(_ cgroups: ToolCgroups) -> String? {
    guard self.cgroups == nil, case .none(let reason) = cgroups, settings.tools.cgroup != .off,
      settings.tools.renderMemoryBytes != nil
    else {
      return nil
    }
    return "The memory of renders is not limited: \(reason) tools.cgroup: off silences this."
  }

  private func wantedSteps() throws -> Set<StepName> {
    let known = StepCatalog.definitions.map(\.name)
    guard let wanted = settings.worker.steps else { return Set(known) }
    let unknown = wanted.subtracting(known).map(\.rawValue).sorted()
    guard unknown.isEmpty else {
      throw SettingsError(
        "worker.steps names \(unknown.joined(separator: ", ")); the steps are \(known.map(\.rawValue).joined(separator: ", "))."
      )
    }
    return wanted
  }

  private func environment(needsCAD: Bool) async throws -> StepEnvironment {
    let runner = ToolRunner(
      supervisor: settings.tools.supervisor, cgroups: cgroups ?? ToolCgroups.prepare(settings.tools.cgroup))
    let cad = Tool(
      name: "stepworks-cad", executable: settings.tools.cad, limits: settings.cadLimits,
      version: needsCAD ? try await version(of: settings.tools.cad, runner) : .null)
    return StepEnvironment(
      store: store, runner: runner, reaper: ToolReaper(supervisor: settings.tools.supervisor),
      databaseID: queue.databaseID, sourceDirectory: FilePath(settings.database.path).removingLastComponent(), cad: cad,
      pingLimits: ToolLimits(silence: nil, terminationGrace: settings.tools.grace),
      deliveryRoots: settings.deliveryRoots)
  }

  private func version(of executable: FilePath, _ runner: ToolRunner) async throws -> JSONValue {
    let version = try await runner.document(of: executable, "--version", scratch: store.root)
    guard version["version"]?.stringValue != nil else {
      throw ToolError.missingTool(executable, reason: "its --version is not the JSON line that stepworks-cad prints")
    }
    return version
  }
}

extension Settings {
  /// - Throws: `ToolError` when it is not to be had or can't say its version.
  func usdTool(_ runner: ToolRunner, scratch: FilePath) async throws -> Tool {
    try await runner.tool(
      "stepworks-usd", at: tools.usd, key: .toolsUSD, on: "openusd", limits: cadLimits, scratch: scratch)
  }

  /// Of the tools that work on geometry: their queue is the same, and so is their appetite.
  fileprivate var cadLimits: ToolLimits {
    ToolLimits(
      addressSpaceBytes: UInt64(tools.cadMemoryBytes), cpuSeconds: UInt64(tools.cadProcessorTime.seconds),
      fileSizeBytes: UInt64(tools.fileSizeBytes), wallClock: tools.cadWall, silence: tools.cadSilence,
      terminationGrace: tools.grace)
  }
}
