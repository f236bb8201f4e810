import ArgumentParser
import CoreMetrics
import Glibc
import Jobs
import Logging
import Telemetry

struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Run a worker daemon: claim jobs and run their steps until told to stop.",
    discussion: """
      Makes or migrates the database, looks at the tools of its steps, then works. How many jobs run at once is read \
      live from the table worker_configs (stepworks queues set); any number of workers share it.

      SIGNALS
        SIGTERM, SIGINT  drain: take nothing new, let running jobs finish within worker.drainSeconds, hand back the
                         rest without costing them an attempt, their tools dead
        a second one     hand back at once what still runs
        SIGHUP           read the configuration again: log.level, worker.slots and worker.drainSeconds change at once,
                         the log names what needs a restart; of a worker that was started at a terminal: drain, for
                         the terminal is gone

      EXIT STATUS
        0   drained
        65  the database is not one of this version
        66  the database was deleted or replaced while the worker ran
        69  a tool or the status port is not to be had
        70  a fault of stepworks itself
        74  the disk is full or failing
        77  the database or its directory cannot be written
        78  the configuration is wrong

      EXAMPLES
        stepworks worker --database /var/lib/stepworks/stepworks.db
        stepworks worker --step ping --status-port off
        stepworks worker --queue cad --slots 2 --status-port 0
      """)

  @OptionGroup var shared: SharedOptions

  @Option(
    name: .customLong("queue"), help: ArgumentHelp("Serve this queue; repeatable. Default: all.", valueName: "name"))
  var queues: [String] = []

  @Option(name: .customLong("step"), help: ArgumentHelp("Run this step; repeatable. Default: all.", valueName: "name"))
  var steps: [String] = []

  @Option(help: ArgumentHelp("How many jobs this worker runs at once at most.", valueName: "number"))
  var slots: String?

  @Option(
    name: .customLong("drain"),
    help: ArgumentHelp("Seconds running jobs may go on after SIGTERM.", valueName: "seconds"))
  var drainSeconds: String?

  @Option(help: ArgumentHelp("The port of /healthz and /metrics; 0: any free one; off: none.", valueName: "port"))
  var statusPort: String?

  @Option(help: ArgumentHelp("Where artifacts and logs are kept.", valueName: "directory"), completion: .directory)
  var data: String?

  @Option(help: ArgumentHelp("The least important log lines that are written.", valueName: "level"))
  var logLevel: String?

  func run() async throws {
    let values = try await shared.values(overriding: flags)
    let settings = Settings(values, in: .current)
    // A reader of our log that goes away must not end the worker.
    signal(SIGPIPE, SIG_IGN)
    let registry = MetricsRegistry()
    MetricsSystem.bootstrap(registry)
    let threshold = settings.logThreshold
    let logger = settings.makeLogger("stepworks.worker", threshold)
    let latencies = LatencyRecorder { step in
      logger.warning(
        "Runs of \(step) named more than \(LatencyRecorder.phaseLimit) different phases; further ones are not counted until the worker starts anew."
      )
    }
    let reload = ConfigurationReload(values, logThreshold: threshold) { [shared, flags] in
      try await shared.values(overriding: flags)
    }
    try await WorkerComposition(
      settings: settings, logger: logger, registry: registry,
      observer: ObserverGroup([
        JobLogger(logger), JobMetrics(factory: registry, version: Version.current), latencies,
      ]), latencies: latencies, reload: reload
    ).run()
  }

  private var flags: [String: String] {
    var flags: [String: String] = [:]
    if !queues.isEmpty { flags[SettingKey.workerQueues.name] = queues.joined(separator: ",") }
    if !steps.isEmpty { flags[SettingKey.workerSteps.name] = steps.joined(separator: ",") }
    flags[SettingKey.workerSlots.name] = slots
    flags[SettingKey.workerDrain.name] = drainSeconds
    flags[SettingKey.statusPort.name] = statusPort
    flags[SettingKey.dataDirectory.name] = data
    flags[SettingKey.logLevel.name] = logLevel
    return flags
  }
}
