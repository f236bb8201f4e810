import Artifacts
import Foundation
import Jobs
import Steps
import Synchronization
import SystemPackage
import ToolExecution

/// The render steps on a stand-in for `stepworks-render` that paints squares instead of tracing rays, under the real
/// supervisor and with the real ffmpeg.
final class RenderFixture: Sendable {
  let directory: FilePath
  let environment: StepEnvironment
  /// A GLB as far as the steps look at it.
  let model: FilePath
  private let heard = Mutex<[StepReport]>([])
  private let finished = Mutex<[DependencyResult]>([])

  /// Answers any request as the real tool would. A trick makes it lie.
  private static let tool = #"""
    #!/usr/bin/env python3
    import json, os, struct, sys, zlib

    def png(path, width, height, shade):
        row = b"\0" + b"".join(bytes((shade, 40, 40, 255 if width // 4 < x < width * 3 // 4 else 0)) for x in range(width))
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                       + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b""))

    def say(value):
        print(json.dumps(value), flush=True)

    def serve(request):
        width, height = request["width"], request["height"]
        outputs = []
        if request["operation"] == "stills":
            for view in request["views"]:
                path = f"{request['name']}-{view['name']}.png"
                png(path, width, height, 200)
                outputs.append({"role": "still", "path": path, "media_type": "image/png", "view": view["name"]})
        elif request["operation"] == "frames":
            table = request["turntable"]
            for frame in range(table["first"], table["first"] + table["count"]):
                path = f"frame_{frame:04d}.png"
                png(os.path.join(request["frames_directory"], path), width, height, 10 + frame * 5)
                outputs.append({"role": "frame", "path": path, "media_type": "image/png", "frame": frame})
        else:
            path = f"{request['name']}.blend"
            with open(path, "wb") as file:
                file.write(b"BLENDER-v500")
            outputs.append({"role": "blend", "path": path, "media_type": "application/x-blender"})
        say({"progress": 1.0, "message": "done"})
        summary = {"device": {"requested": request["device"], "used": "cpu"},
                   "processors": sorted(os.sched_getaffinity(0)), "card": os.environ.get("CUDA_VISIBLE_DEVICES")}
        result = {"outputs": outputs, "summary": summary}
        exec(trick)
        say({"result": result})

    trick = "TRICK"
    if sys.argv[1] == "--serve":
        say({"ready": {"resident_bytes": 1}})
        for line in sys.stdin:
            order = json.loads(line)
            os.chdir(order["directory"])
            serve(json.load(open(order["request"])))
            say({"ready": {"resident_bytes": 1}})
    else:
        serve(json.load(open(sys.argv[1])))
    """#

  /// - Parameters:
  ///   - trick: Python that may change `result` or what was written.
  ///   - isWarm: whether thumbnails are served by waiting processes.
  ///   - gpus: the UUIDs of the cards that jobs are pinned to.
  ///   - concurrency: how many renders may run at once.
  init(
    trick: String = "pass", isWarm: Bool = false, gpus: [String] = [], concurrency: Int = 1,
    device: RenderEnvironment.Device = .auto,
    gpuBackend: String? = nil, cpuFallback: RenderEnvironment.Fallback = .warn
  ) throws {
    directory = FilePath(NSTemporaryDirectory()).appending("render-steps-\(UUID().uuidString)")
    model = directory.appending("bearing.glb")
    let executable = directory.appending("stepworks-render")
    let store = try ArtifactStore(root: directory.appending("data"))
    try Data("glTF and more".utf8).write(to: URL(fileURLWithPath: model.string))
    try Data(Self.tool.replacingOccurrences(of: "TRICK", with: trick).utf8)
      .write(to: URL(fileURLWithPath: executable.string))
    chmod(executable.string, 0o755)
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let supervisor = FilePath(program).removingLastComponent().appending("stepworks-supervisor")
    let runner = ToolRunner(supervisor: supervisor)
    let limits = ToolLimits(wallClock: .seconds(30), silence: .seconds(20), terminationGrace: .milliseconds(200))
    func tool(_ name: String, _ path: FilePath) -> Tool {
      Tool(name: name, executable: path, limits: limits, version: .object(["version": .string("test")]))
    }
    let cache = directory.appending("cache")
    try FileManager.default.createDirectory(atPath: cache.string, withIntermediateDirectories: true)
    let identifier = UUID().uuidString
    environment = StepEnvironment(
      store: store, runner: runner, reaper: ToolReaper(supervisor: supervisor), databaseID: identifier,
      sourceDirectory: directory, cad: tool("stepworks-cad", executable),
      usd: tool("stepworks-usd", executable),
      render: RenderEnvironment(
        tool: tool("stepworks-render", executable),
        encoder: RenderEnvironment.Encoder(
          ffmpeg: tool("ffmpeg", "/usr/bin/ffmpeg"), ffprobe: tool("ffprobe", "/usr/bin/ffprobe")), device: device,
        cpuFallback: cpuFallback, gpuBackend: gpuBackend, failedMaterial: "Failed", library: nil, cacheDirectory: cache,
        gpus: gpus,
        shares: MachineShares(directory: directory.appending("shares")),
        warm: isWarm
          ? WarmTools(
            runner: runner, options: WarmOptions(maximum: 2), directory: directory.appending("warm"),
            runIDPrefix: identifier)
          : nil,
        concurrency: { _ in concurrency }), pingLimits: limits)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.string) }

  /// Runs a step once, as the worker would.
  func run(
    _ name: StepName, _ parameters: [String: JSONValue] = [:], job id: JobID = 1, fence: Int64 = 1,
    after earlier: StepResult? = nil
  ) async throws
    -> StepResult
  {
    guard let step = StepRegistry(StepCatalog.steps(in: environment))[name] else { preconditionFailure("no such step") }
    let members = ["source": .string(model.string)].merging(parameters) { $1 }
    let job = Job(
      id: id, step: name, queue: step.definition.queue, parameters: .object(members), state: .running, maxAttempts: 3,
      maxCrashes: 2, fence: fence, createdAt: Timestamp(milliseconds: 0))
    let resolved = try step.definition.parameters.resolve(job.parameters, for: name)
    let dependencies = finished.withLock { $0 }
    return try await step.run(
      StepContext(
        job: job, parameters: resolved, dependencies: { dependencies },
        claim: { _, isRemaking in
          guard let earlier, !isRemaking else { return .make }
          return .made(EarlierResult(jobID: 90, result: earlier.result, artifacts: earlier.artifacts))
        },
        report: { report in self.heard.withLock { $0.append(report) } }))
  }

  /// Runs the jobs that a step asked for, and remembers what came of them.
  func runAll(_ jobs: [JobRequest]) async throws {
    for (index, job) in jobs.enumerated() {
      let known = finished.withLock { $0.count }
      let id = JobID(100 + known + index)
      let result = try await run(job.step, job.parameters.objectValue ?? [:], job: id)
      record(job, id, result.result)
    }
  }

  /// As if that job had completed.
  func record(_ job: JobRequest, _ id: JobID, _ result: JSONValue, isChild: Bool = true) {
    finished.withLock {
      $0.append(
        DependencyResult(
          jobID: id, step: job.step, parameters: job.parameters, state: .completed, outcome: .done, result: result,
          isChild: isChild))
    }
  }

  func failure(_ name: StepName, _ parameters: [String: JSONValue] = [:]) async -> JobFailure? {
    do {
      _ = try await run(name, parameters)
      return nil
    } catch {
      return error as? JobFailure
    }
  }

  /// The jobs that a step asks for before it can go on.
  func asked(_ name: StepName, _ parameters: [String: JSONValue] = [:]) async throws -> [JobRequest] {
    do {
      _ = try await run(name, parameters)
      return []
    } catch let wait as StepAwait {
      return wait.jobs
    }
  }

  var reports: [StepReport] { heard.withLock { $0 } }

  /// The request that the last run of job 1 under fence 1 gave to the tool.
  func request() throws -> JSONValue {
    try JSONValue(
      parsing: String(
        contentsOfFile: directory.appending("data/logs/attempt-1-1/request.json").string, encoding: .utf8))
  }

  func published() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.appending("data/artifacts").string)
  }
}
