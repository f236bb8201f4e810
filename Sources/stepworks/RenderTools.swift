import Artifacts
import Foundation
import Jobs
import Queueing
import Steps
import SystemPackage
import ToolExecution

/// The programs behind the render steps, looked at before the first job.
struct RenderTools {
  let settings: Settings
  let store: ArtifactStore
  let runner: ToolRunner

  /// What `stepworks-render --probe` says.
  struct Probe: Sendable {
    struct Device: Sendable, Hashable {
      var backend: String
      var name: String
      var uuid: String?
    }

    var devices: [Device]
    var driver: String?
    /// Why EEVEE cannot run; nil when it can.
    var eeveeTrouble: String?
    var eeveeIsSoftware: Bool

    init?(_ document: JSONValue) {
      guard let found = document["devices"]?.arrayValue else { return nil }
      devices = found.compactMap { device in
        guard let backend = device["backend"]?.stringValue, let name = device["name"]?.stringValue else { return nil }
        return Device(backend: backend, name: name, uuid: device["uuid"]?.stringValue)
      }
      driver = document["driver"]?.stringValue
      let eevee = document["eevee"]
      eeveeIsSoftware = eevee?["software"]?.boolValue ?? false
      eeveeTrouble =
        eevee?["available"]?.boolValue == true ? nil : eevee?["reason"]?.stringValue ?? "it did not answer"
    }

    /// The line that operators look for.
    func line(_ device: String) -> String {
      if let first = devices.first {
        let names = devices.map(\.name).joined(separator: ", ")
        return "[GPU_PROBE] \(first.backend): \(names)\(driver.map { ", driver \($0)" } ?? "")"
      }
      return device == "gpu"
        ? "[GPU_PROBE] No GPU found, falling back to CPU — set cycles_device=cpu to suppress this warning"
        : "[GPU_PROBE] No GPU found; Cycles runs on the CPU"
    }
  }

  /// All but the encoder, see ``encoder()``.
  /// - Throws: `ToolError` when the render tool is not to be had or can't say its version.
  func environment(queue: JobQueue) async throws -> (environment: RenderEnvironment, probe: Probe) {
    let tool = try await renderTool()
    let probe = try await probe(tool.executable)
    let render = settings.render
    let gpus = render.gpus ?? orderedUnique(probe.devices.compactMap(\.uuid))
    return (
      RenderEnvironment(
        tool: tool, encoder: nil, device: RenderEnvironment.Device(rawValue: render.cyclesDevice) ?? .gpu,
        cpuFallback: RenderEnvironment.Fallback(rawValue: render.cpuFallback) ?? .warn,
        gpuBackend: probe.devices.first?.backend, failedMaterial: render.failedMaterial,
        library: render.materialLibrary, cacheDirectory: try cacheDirectory(), gpus: gpus,
        shares: MachineShares(), warm: warmTools(queue.databaseID),
        concurrency: { name in (try? await queue.maxConcurrency(of: name)) ?? 1 }), probe
    )
  }

  func renderTool() async throws -> Tool {
    try await runner.tool(
      "stepworks-render", at: settings.tools.render, key: .toolsRender, on: "blender", limits: limits,
      scratch: store.root)
  }

  func probe(_ executable: FilePath) async throws -> Probe {
    let document = try await runner.document(of: executable, "--probe", scratch: store.root)
    guard let probe = Probe(document) else {
      throw ToolError.missingTool(executable, reason: "its --probe is not the JSON line that stepworks-render prints")
    }
    return probe
  }

  /// - Throws: `ToolError` when ffmpeg or ffprobe is not to be had.
  func encoder() async throws -> RenderEnvironment.Encoder {
    RenderEnvironment.Encoder(
      ffmpeg: try await program("ffmpeg", settings.tools.ffmpeg),
      ffprobe: try await program("ffprobe", settings.tools.ffprobe))
  }

  /// A program that says its version in words.
  private func program(_ name: String, _ place: Settings.ToolPlace) async throws -> Tool {
    let limits = ToolLimits(
      fileSizeBytes: UInt64(settings.tools.fileSizeBytes), wallClock: settings.tools.renderWall, silence: nil,
      terminationGrace: settings.tools.grace)
    let path = try place.path
    let line = try await runner.ask(path, "-version", scratch: store.root).line
    return Tool(
      name: name, executable: path, limits: limits,
      version: .object(["tool": .string(name), "version": .string(line)]))
  }

  private var limits: ToolLimits {
    let tools = settings.tools
    var limits = ToolLimits(
      fileSizeBytes: UInt64(tools.fileSizeBytes), wallClock: tools.renderWall, silence: tools.renderSilence,
      terminationGrace: tools.grace)
    // Not by address space: Blender and GPU drivers reserve ranges far beyond what they use.
    limits.memoryBytes = tools.renderMemoryBytes.map(UInt64.init)
    return limits
  }

  private func warmTools(_ databaseID: String) -> WarmTools? {
    let render = settings.render
    guard render.isWarm else { return nil }
    return WarmTools(
      runner: runner,
      options: WarmOptions(
        requests: render.warmJobs, age: render.warmAge, idle: render.warmIdle),
      directory: store.root.appending("warm"), runIDPrefix: "\(databaseID)-warm")
  }

  private func cacheDirectory() throws -> FilePath {
    let path = store.root.appending("cache").appending("render")
    do {
      try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(.notPermitted, "\(path) cannot be made: \(error.localizedDescription)")
    }
    return path
  }

  private func orderedUnique(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
