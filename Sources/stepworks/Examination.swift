import Artifacts
import Foundation
import Jobs
import Queueing
import Steps
import SystemPackage
import ToolExecution

/// What `stepworks doctor` looks at: each thing a worker needs, asked the way a worker asks.
struct Examination {
  enum Status: String { case ok, warning, missing }

  struct Finding {
    var subject: String
    var status: Status
    /// One sentence or a few words; what to do when something is wrong.
    var detail: String

    init(_ subject: String, _ status: Status, _ detail: String) {
      self.subject = subject
      self.status = status
      self.detail = detail
    }
  }

  let settings: Settings
  /// Told what is looked at next.
  var onLook: @Sendable (String) -> Void = { _ in }

  func findings() async -> [Finding] {
    var findings = [await database(), dataDirectory()] + settings.deliveryRoots.map(deliveryRoot)
    let scratch = FilePath(NSTemporaryDirectory()).appending("stepworks-doctor-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: scratch.string) }  // a leftover harms nobody
    do {
      let store = try ArtifactStore(root: scratch)
      findings += await tools(store)
    } catch {
      findings.append(Finding("tools", .missing, "\(error)"))
    }
    return findings
  }

  private func database() async -> Finding {
    onLook("database")
    let path = settings.database.path
    do {
      let queue = try JobQueue(
        path: path, options: DatabaseOptions(durability: settings.database.durability, opening: .existing))
      let waiting = try await queue.queues().map(\.available).reduce(0, +)
      return Finding("database", .ok, "\(path), \(waiting) jobs available")
    } catch QueueError.missingDatabase {
      return Finding("database", .warning, "\(path) does not exist yet; a worker, or stepworks migrate, makes it.")
    } catch QueueError.olderDatabase {
      return Finding(
        "database", .warning, "\(path) is of an older version; a worker, or stepworks migrate, brings it up to date.")
    } catch {
      return Finding("database", .missing, "\(error)")
    }
  }

  private func dataDirectory() -> Finding {
    var path = settings.dataDirectory
    while !FileManager.default.fileExists(atPath: path.string), !path.components.isEmpty { path.removeLastComponent() }
    guard FileManager.default.isWritableFile(atPath: path.string) else {
      return Finding(
        "data directory", .missing, "\(path) cannot be written by this user; change its owner or data.directory.")
    }
    let free = (try? FileManager.default.attributesOfFileSystem(forPath: path.string))?[.systemFreeSize] as? Int64 ?? 0
    let gigabytes = Double(free) / 1e9
    return Finding(
      "data directory", gigabytes < 2 ? .warning : .ok,
      "\(settings.dataDirectory), \(gigabytes.formatted(.number.precision(.fractionLength(1)).grouping(.never))) GB free"
    )
  }

  private func deliveryRoot(_ root: FilePath) -> Finding {
    // What comes after it is made for each tenant.
    var fixed = root
    while fixed.string.contains("{tenant}") { fixed.removeLastComponent() }
    guard !FileStatus.isWithin(fixed, settings.dataDirectory) else {
      return Finding(
        "delivery root", .missing,
        "\(root) is in the data directory \(settings.dataDirectory), where nothing may be delivered; change deliver.roots."
      )
    }
    guard FileManager.default.fileExists(atPath: fixed.string) else {
      return Finding("delivery root", .missing, "\(fixed) is not there; mount it, make it, or change deliver.roots.")
    }
    guard FileStatus.isDirectory(fixed) else {
      return Finding("delivery root", .missing, "\(fixed) is no directory; move it away or change deliver.roots.")
    }
    guard FileManager.default.isWritableFile(atPath: fixed.string) else {
      return Finding("delivery root", .missing, "\(fixed) cannot be written by this user; change its owner or mount.")
    }
    return Finding("delivery root", .ok, root.string)
  }

  private func tools(_ store: ArtifactStore) async -> [Finding] {
    let runner = ToolRunner(supervisor: settings.tools.supervisor)
    let cad = await finding("stepworks-cad") {
      Self.words(try await runner.document(of: settings.tools.cad, "--version", scratch: store.root))
    }
    let render = RenderTools(settings: settings, store: store, runner: runner)
    var findings = [cad, await usd(runner, store)]
    if settings.tools.render == nil {
      findings.append(Finding("stepworks-render", .warning, "tools.render is off: no render step is served."))
    } else {
      do {
        onLook("stepworks-render")
        let tool = try await render.renderTool()
        findings.append(Finding("stepworks-render", .ok, Self.words(tool.version)))
        onLook("GPU")
        findings += probed(try await render.probe(tool.executable))
      } catch {
        findings.append(Finding("stepworks-render", .missing, "\(error)"))
      }
      findings.append(
        await finding("ffmpeg") { Self.words(try await render.encoder().ffmpeg.version) })
    }
    return findings + [cgroup()]
  }

  private func usd(_ runner: ToolRunner, _ store: ArtifactStore) async -> Finding {
    guard settings.tools.usd != nil else {
      return Finding("stepworks-usd", .warning, "tools.usd is off: export_usd is not served.")
    }
    return await finding("stepworks-usd") {
      Self.words(try await settings.usdTool(runner, scratch: store.root).version)
    }
  }

  private func probed(_ probe: RenderTools.Probe) -> [Finding] {
    let device = settings.render.cyclesDevice
    let gpu =
      if probe.devices.isEmpty {
        Finding("GPU", device == "gpu" ? .warning : .ok, probe.line(device))
      } else {
        Finding("GPU", .ok, probe.line(device))
      }
    let eevee =
      if let trouble = probe.eeveeTrouble {
        Finding("EEVEE", .warning, "Jobs with engine=eevee fail here: \(trouble)")
      } else if probe.eeveeIsSoftware {
        Finding("EEVEE", .warning, "It runs on the processor (a software rasteriser): slow.")
      } else {
        Finding("EEVEE", .ok, "It runs on the GPU.")
      }
    return [gpu, eevee]
  }

  private func cgroup() -> Finding {
    let cgroups = ToolCgroups.inspect(settings.tools.cgroup)
    return if case .none(let reason) = cgroups {
      Finding("memory limits", .warning, "The memory of renders is not limited: \(reason)")
    } else {
      Finding("memory limits", .ok, "by cgroups, \(cgroups)")
    }
  }

  private func finding(_ subject: String, _ look: () async throws -> String) async -> Finding {
    onLook(subject)
    do { return Finding(subject, .ok, try await look()) } catch { return Finding(subject, .missing, "\(error)") }
  }

  /// `version` first, then what a tool is built on.
  private static func words(_ version: JSONValue) -> String {
    let others = (version.objectValue ?? [:]).filter { !["tool", "version", "digest", "library"].contains($0.key) }
      .sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.stringValue ?? $0.value.text)" }
    return ([version["version"]?.stringValue ?? "?"] + others).joined(separator: ", ")
  }
}
