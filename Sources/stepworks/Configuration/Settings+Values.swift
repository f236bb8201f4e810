import Jobs
import Queueing
package import SystemPackage

extension Settings {
  /// What `auto` and relative paths mean in this process.
  package struct Surroundings: Sendable, Hashable {
    /// Absolute.
    package var workingDirectory: FilePath
    /// Where the running stepworks stands, and its tools beside it.
    package var programDirectory: FilePath
    package var processorCount: Int

    package init(workingDirectory: FilePath, programDirectory: FilePath, processorCount: Int) {
      self.workingDirectory = workingDirectory
      self.programDirectory = programDirectory
      self.processorCount = processorCount
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
    let databasePath = surroundings.absolute(values.text(.databasePath))
    database = Database(
      path: databasePath.string, durability: values.text(.databaseSynchronous) == "normal" ? .normal : .full)
    dataDirectory = path(
      .dataDirectory, auto: databasePath.removingLastComponent().appending("\(databasePath.stem ?? "stepworks")-data"))
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
      cadMemoryBytes: values.megabytes(.toolsCADMemory), fileSizeBytes: values.megabytes(.toolsFileSize))
    queues = [:]
    for queue in values.queues {
      let text = values.text(.queueLimit(queue))
      queues[QueueName(rawValue: queue)] = Int(text) ?? surroundings.processorCount
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
