import Glibc
import Jobs
import Queueing
package import SystemPackage
import ToolExecution

extension Settings {
  /// What `auto` and relative paths mean in this process.
  package struct Surroundings: Sendable, Hashable {
    /// Absolute.
    package var workingDirectory: FilePath
    /// Where the running stepworks stands, and its tools beside it.
    package var programDirectory: FilePath
    package var processorCount: Int
    /// NVIDIA GPUs that a driver is loaded for.
    package var gpuCount: Int
    /// The directories of `PATH`.
    package var searchPath: [FilePath]

    package init(
      workingDirectory: FilePath, programDirectory: FilePath, processorCount: Int, gpuCount: Int = 0,
      searchPath: [FilePath] = []
    ) {
      self.workingDirectory = workingDirectory
      self.programDirectory = programDirectory
      self.processorCount = processorCount
      self.gpuCount = gpuCount
      self.searchPath = searchPath
    }

    /// The first executable file of that name in one of the directories.
    func program(_ name: String, in directories: [FilePath]) -> ToolPlace {
      for directory in directories where directory.isAbsolute {
        let path = directory.appending(name)
        var status = stat()
        if stat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path.string, X_OK) == 0 {
          return .at(path)
        }
      }
      return .notFound(name: name)
    }

    func absolute(_ path: String) -> FilePath {
      let path = FilePath(path)
      return (path.isAbsolute ? path : workingDirectory.appending(path.components)).lexicallyNormalized()
    }
  }

  package init(_ values: SettingValues, in surroundings: Surroundings) {
    func path(_ key: SettingKey, auto: FilePath) -> FilePath {
      values.text(key) == "auto" ? auto : surroundings.absolute(values.text(key))
    }
    func place(_ key: SettingKey, _ name: String, _ directories: [FilePath]) -> ToolPlace {
      let text = values.text(key)
      return text == "auto" ? surroundings.program(name, in: directories) : .at(surroundings.absolute(text))
    }
    func ours(_ key: SettingKey, _ name: String) -> ToolPlace? {
      values.text(key) == "off"
        ? nil : place(key, name, [surroundings.programDirectory] + surroundings.searchPath)
    }
    let databasePath = surroundings.absolute(values.text(.databasePath))
    database = Database(
      path: databasePath.string, durability: values.text(.databaseSynchronous) == "normal" ? .normal : .full)
    dataDirectory = path(
      .dataDirectory, auto: databasePath.removingLastComponent().appending("\(databasePath.stem ?? "stepworks")-data"))
    deliveryRoots = (values.list(.deliverRoots) ?? []).map(surroundings.absolute)
    worker = Worker(
      queues: values.list(.workerQueues)?.map(QueueName.init(rawValue:)),
      steps: values.list(.workerSteps).map { Set($0.map(StepName.init(rawValue:))) },
      slots: values.integer(.workerSlots), heartbeat: values.seconds(.workerHeartbeat),
      rescue: values.seconds(.workerRescue), sweep: values.seconds(.workerSweep), drain: values.seconds(.workerDrain))
    status = Status(host: values.text(.statusHost), port: Int(values.text(.statusPort)))
    let format = values.text(.logFormat)
    log = Log(level: values.text(.logLevel), format: format == "auto" ? nil : format)
    tools = Tools(
      supervisor: path(.toolsSupervisor, auto: surroundings.programDirectory.appending("stepworks-supervisor")),
      cad: path(.toolsCAD, auto: surroundings.programDirectory.appending("stepworks-cad")),
      grace: values.seconds(.toolsGrace), cadWall: values.seconds(.toolsCADWall),
      cadProcessorTime: values.seconds(.toolsCADProcessorTime), cadSilence: values.seconds(.toolsCADSilence),
      cadMemoryBytes: values.megabytes(.toolsCADMemory), fileSizeBytes: values.megabytes(.toolsFileSize),
      usd: ours(.toolsUSD, "stepworks-usd"), render: ours(.toolsRender, "stepworks-render"),
      ffmpeg: place(.toolsFFmpeg, "ffmpeg", surroundings.searchPath),
      ffprobe: place(.toolsFFprobe, "ffprobe", surroundings.searchPath),
      renderWall: values.seconds(.toolsRenderWall), renderSilence: values.seconds(.toolsRenderSilence),
      renderMemoryBytes: values.text(.toolsRenderMemory) == "off" ? nil : values.megabytes(.toolsRenderMemory),
      cgroup: Self.cgroup(values.text(.toolsCgroup), in: surroundings))
    let library = values.text(.renderMaterialLibrary)
    render = Render(
      cyclesDevice: values.text(.renderCyclesDevice), cpuFallback: values.text(.renderCPUFallback),
      gpus: values.list(.renderGPUs), failedMaterial: values.text(.renderFailedMaterial),
      materialLibrary: library == "auto" ? nil : surroundings.absolute(library),
      isWarm: values.text(.renderWarm) == "on", warmIdle: values.seconds(.renderWarmIdle),
      warmJobs: values.integer(.renderWarmJobs), warmAge: values.seconds(.renderWarmAge))
    queues = [:]
    for queue in values.queues {
      let text = values.text(.queueLimit(queue))
      let automatic = queue == "render" ? max(1, surroundings.gpuCount) : surroundings.processorCount
      queues[QueueName(rawValue: queue)] = Int(text) ?? automatic
    }
  }

  private static func cgroup(_ text: String, in surroundings: Surroundings) -> ToolCgroups.Placement {
    switch text {
    case "auto": .automatic
    case "off": .off
    default: .at(surroundings.absolute(text))
    }
  }
}

extension FilePath {
  fileprivate func appending(_ components: FilePath.ComponentView) -> FilePath {
    var path = self
    path.append(components)
    return path
  }
}
