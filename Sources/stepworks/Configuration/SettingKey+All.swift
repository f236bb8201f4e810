extension SettingKey {
  /// Every key, in the order of `config/stepworks.yaml`. `queues.<name>` stands besides them: see ``queueLimit(_:)``.
  package static let all: [SettingKey] = [
    databasePath, databaseSynchronous, dataDirectory, deliverRoots,
    workerQueues, workerSteps, workerSlots, workerHeartbeat, workerRescue, workerSweep, workerDrain,
    statusHost, statusPort, logLevel, logFormat,
    toolsSupervisor, toolsCAD, toolsGrace, toolsCADWall, toolsCADProcessorTime, toolsCADSilence, toolsCADMemory,
    toolsFileSize, toolsUSD, toolsRender, toolsFFmpeg, toolsFFprobe, toolsRenderWall, toolsRenderSilence,
    toolsRenderMemory,
    toolsCgroup,
    renderCyclesDevice, renderCPUFallback, renderGPUs, renderFailedMaterial, renderMaterialLibrary,
    renderWarm, renderWarmIdle, renderWarmJobs, renderWarmAge,
    queueLimit("default"), queueLimit("cad"), queueLimit("render"),
  ]

  static let databasePath = SettingKey(
    "database.path", .path, default: "./stepworks.db",
    "The SQLite file that all workers and producers share; short forms: --database, STEPWORKS_DATABASE.")
  static let databaseSynchronous = SettingKey(
    "database.synchronous", .choice(["full", "normal"]), default: "full",
    "full: a power cut loses no committed job; normal: faster, and it may lose the last few.")
  static let dataDirectory = SettingKey(
    "data.directory", .path, default: "auto",
    "Where artifacts and logs are kept; auto: a directory beside the database, stepworks-data for stepworks.db.")

  static let deliverRoots = SettingKey(
    "deliver.roots", .list, default: "[]",
    "The directories under which the step deliver may write, such as [\"/srv/media/{tenant}\"]; empty: it delivers nowhere."
  )

  static let workerQueues = SettingKey(
    "worker.queues", .list, default: "[]", "The queues a worker serves; empty: all of them.")
  static let workerSteps = SettingKey(
    "worker.steps", .list, default: "[]", "The steps a worker runs; empty: all it knows.")
  static let workerSlots = SettingKey(
    "worker.slots", .integer(1...10_000), default: "64",
    "How many jobs one worker runs at once at most; what the machine can bear is limited by queue, see queues.")
  static let workerHeartbeat = SettingKey(
    "worker.heartbeatSeconds", .integer(1...3600), default: "10", "Seconds between two signs of life in the database.")
  static let workerRescue = SettingKey(
    "worker.rescueSeconds", .integer(1...3600), default: "2", "Seconds between two looks for workers that died.")
  static let workerSweep = SettingKey(
    "worker.sweepSeconds", .integer(1...3600), default: "15",
    "Seconds between two looks at the queue without being woken, and between two sweeps of the data directory.")
  static let workerDrain = SettingKey(
    "worker.drainSeconds", .integer(0...86_400), default: "30",
    "Seconds that running jobs may go on after a stop was asked for; then they are handed back.")

  static let statusHost = SettingKey(
    "status.host", .text, default: "127.0.0.1", "The address where a worker serves /healthz and /metrics.")
  static let statusPort = SettingKey(
    "status.port", .integerOr("off", 0...65_535), default: "9470",
    "The port of /healthz and /metrics; 0: any free port; off: no status server.")
  static let logLevel = SettingKey(
    "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
    "The least important log lines that are written.")
  static let logFormat = SettingKey(
    "log.format", .choice(["auto", "text", "json", "journald"]), default: "auto",
    "How log lines are written; auto: text on a terminal, to journald with fields of their own where journald reads them, JSON otherwise."
  )

  static let toolsSupervisor = SettingKey(
    "tools.supervisor", .path, default: "auto",
    "The program that runs and ends tools; auto: stepworks-supervisor beside the running stepworks.")
  static let toolsCAD = SettingKey(
    "tools.cad", .path, default: "auto", "The CAD tool; auto: stepworks-cad beside the running stepworks.")
  static let toolsGrace = SettingKey(
    "tools.graceSeconds", .integer(0...600), default: "10", "Seconds between SIGTERM and SIGKILL.")
  static let toolsCADWall = SettingKey(
    "tools.cadWallSeconds", .integer(1...86_400), default: "900",
    "Seconds that one run of the CAD tool or of the USD tool may take.")
  static let toolsCADProcessorTime = SettingKey(
    "tools.cadCpuSeconds", .integer(1...86_400), default: "900",
    "Seconds of processor time that one run of the CAD tool or of the USD tool may use.")
  static let toolsCADSilence = SettingKey(
    "tools.cadSilenceSeconds", .integer(1...86_400), default: "300",
    "Seconds without a word after which a run of the CAD tool or of the USD tool counts as stalled.")
  static let toolsCADMemory = SettingKey(
    "tools.cadMemoryMegabytes", .integer(64...1_048_576), default: "8192",
    "Megabytes (2^20 bytes) of memory that one run of the CAD tool or of the USD tool may use.")
  static let toolsFileSize = SettingKey(
    "tools.fileSizeMegabytes", .integer(1...1_048_576), default: "4096",
    "Megabytes (2^20 bytes) of the greatest file that a tool may write.")

  static let toolsUSD = SettingKey(
    "tools.usd", .path, default: "auto",
    "The USD tool; auto: stepworks-usd beside the running stepworks, else on PATH; off: export_usd is not served.")
  static let toolsRender = SettingKey(
    "tools.render", .path, default: "auto",
    "The render tool; auto: stepworks-render beside the running stepworks, else on PATH; off: no render step is served."
  )
  static let toolsFFmpeg = SettingKey(
    "tools.ffmpeg", .path, default: "auto", "The program that encodes turntables; auto: ffmpeg on PATH.")
  static let toolsFFprobe = SettingKey(
    "tools.ffprobe", .path, default: "auto", "The program that looks at what was encoded; auto: ffprobe on PATH.")
  static let toolsRenderWall = SettingKey(
    "tools.renderWallSeconds", .integer(1...604_800), default: "7200",
    "Seconds that one run of the render tool or of ffmpeg may take.")
  static let toolsRenderSilence = SettingKey(
    "tools.renderSilenceSeconds", .integer(1...86_400), default: "300",
    "Seconds without a word after which a run of the render tool counts as stalled.")
  static let toolsRenderMemory = SettingKey(
    "tools.renderMemoryMegabytes", .integerOr("off", 256...16_777_216), default: "16384",
    "Megabytes (2^20 bytes) of memory that one run of the render tool may use, where a cgroup can be had; off: no limit."
  )
  static let toolsCgroup = SettingKey(
    "tools.cgroup", .path, default: "auto",
    "The cgroup directory in which runs get cgroups of their own; auto: the worker's own, where it is writable; off: none."
  )

  static let renderCyclesDevice = SettingKey(
    "render.cyclesDevice", .choice(["gpu", "cpu", "auto"]), default: "gpu",
    "What Cycles runs on; gpu: a GPU is expected; auto: a GPU where there is one, without a word where there is none.")
  static let renderCPUFallback = SettingKey(
    "render.cpuFallback", .choice(["warn", "fail"]), default: "warn",
    "What a job does when a GPU is expected and none answers; warn: it runs on the CPU and says so.")
  static let renderGPUs = SettingKey(
    "render.gpus", .list, default: "[]",
    "The UUIDs of the GPUs that jobs are pinned to, one a job; empty: all that answer.")
  static let renderFailedMaterial = SettingKey(
    "render.failedMaterial", .text, default: "Failed",
    "The material of the library for parts that no rule finds one for; the project's own is magenta.")
  static let renderMaterialLibrary = SettingKey(
    "render.materialLibrary", .path, default: "auto", "A .blend file with materials; auto: the project's own library.")
  static let renderWarm = SettingKey(
    "render.warm", .choice(["on", "off"]), default: "on",
    "Whether render processes wait for the next thumbnail, as many as may run at once; off: each starts one of its own."
  )
  static let renderWarmIdle = SettingKey(
    "render.warmIdleSeconds", .integer(1...86_400), default: "60",
    "Seconds without work after which a waiting render process ends.")
  static let renderWarmJobs = SettingKey(
    "render.warmJobs", .integer(1...100_000), default: "200",
    "Thumbnails after which a waiting render process is replaced.")
  static let renderWarmAge = SettingKey(
    "render.warmAgeSeconds", .integer(1...86_400), default: "600",
    "Seconds after which a waiting render process is replaced.")

  /// `queues.<name>`: any name is allowed.
  package static func queueLimit(_ queue: String) -> SettingKey {
    switch queue {
    case "default":
      SettingKey(
        "queues.default", .integerOr("auto", 1...10_000), default: "64",
        "How many jobs of queue default may run at once; applies when the queue is first made.")
    case "cad":
      SettingKey(
        "queues.cad", .integerOr("auto", 1...10_000), default: "auto",
        "How many jobs of queue cad may run at once; auto: the number of processor cores.")
    case "render":
      SettingKey(
        "queues.render", .integerOr("auto", 1...10_000), default: "auto",
        "How many jobs of queue render may run at once; auto: the number of NVIDIA GPUs, 1 where there is none.")
    default:
      SettingKey(
        "queues.\(queue)", .integerOr("auto", 1...10_000), default: "1",
        "How many jobs of queue \(queue) may run at once.")
    }
  }
}
