/// What a step is given: its job, and the ways to say something about the run.
package struct StepContext: Sendable {
  /// The row as it was claimed.
  package let job: Job
  /// The job's parameters, validated against the step's schema, defaults filled in.
  package let parameters: JSONValue
  private let report: @Sendable (StepReport) async throws -> Void
  private let readDependencies: @Sendable () async throws -> [DependencyResult]
  private let claim: @Sendable (_ key: String, _ isRemaking: Bool) async throws -> DerivationClaim

  /// - Parameters:
  ///   - dependencies: reads the jobs that this one waited for.
  ///   - claim: claims a derivation; without one, everything is made.
  ///   - report: carries what the step says to the worker. It throws only for ``StepReport/toolStarted(_:)``, when the
  ///     process could not be recorded: then the tool must not start.
  package init(
    job: Job, parameters: JSONValue, dependencies: @escaping @Sendable () async throws -> [DependencyResult] = { [] },
    claim: @escaping @Sendable (_ key: String, _ isRemaking: Bool) async throws -> DerivationClaim = { _, _ in .make },
    report: @escaping @Sendable (StepReport) async throws -> Void
  ) {
    self.job = job
    self.parameters = parameters
    self.readDependencies = dependencies
    self.claim = claim
    self.report = report
  }

  /// The jobs that this one waited for, in the order of their ids: those it asked for with ``StepAwait`` and those that
  /// its producer named. All have completed. Read from the database at each call.
  package func dependencies() async throws -> [DependencyResult] { try await readDependencies() }

  /// Asks, before anything is made, whether it has been made already.
  /// - Parameters:
  ///   - key: the derivation key: the digest of all that determines what will be made.
  ///   - isRemaking: what has been made before is of no use.
  /// - Returns: what an earlier job has made; `nil` when this run has to make it.
  /// - Throws: ``DerivationWait`` when another job makes it now; `CancellationError` when the lease is lost.
  package func claimDerivation(_ key: String, isRemaking: Bool = false) async throws -> EarlierResult? {
    switch try await claim(key, isRemaking) {
    case .make: return nil
    case .made(let earlier): return earlier
    case .inProgress(let maker): throw DerivationWait(key: key, maker: maker)
    }
  }

  /// - Parameters:
  ///   - fraction: 0…1; clamped.
  ///   - message: a few words: `meshing part 3 of 12`.
  package func progress(_ fraction: Double, _ message: String? = nil) async {
    let clamped = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    try? await report(.progress(clamped, message))  // only toolStarted can fail
  }

  /// Says that a phase of the run begins; the one before ends. What is measured of a run is kept by phase.
  ///
  /// A phase that is entered again adds up. One whose name breaks the rule of ``PhaseName``, or that would be the
  /// 17th of its run, is ignored, and the log says so once.
  package func phase(_ name: PhaseName) async {
    try? await report(.phase(name))  // only toolStarted can fail
  }

  package func log(_ level: StepLogLevel, _ message: String) async {
    try? await report(.log(level, message))  // only toolStarted can fail
  }

  /// Records a process before it runs anything, so that another worker can end it if this one dies.
  package func toolStarted(_ process: ToolProcessRecord) async throws {
    try await report(.toolStarted(process))
  }

  /// Tells something that is counted.
  package func fact(_ fact: RunFact) async {
    try? await report(.fact(fact))  // only toolStarted can fail
  }

  package func toolEnded(_ usage: ToolUsage) async {
    try? await report(.toolEnded(usage))  // only toolStarted can fail
  }
}

/// One thing a step says about its run.
package enum StepReport: Sendable, Hashable {
  case progress(Double, String?)
  /// A phase begins; it ends when the next begins or the run ends.
  case phase(PhaseName)
  case log(StepLogLevel, String)
  case toolStarted(ToolProcessRecord)
  case toolEnded(ToolUsage)
  case fact(RunFact)
}

package enum StepLogLevel: String, Sendable, Hashable, Codable {
  case debug, info, warning, error
}

/// A row of `tool_processes`: enough for another worker to end the right process and only it.
package struct ToolProcessRecord: Sendable, Hashable {
  /// The tool's name: `stepworks-cad`.
  package var tool: String
  /// The value of `STEPWORKS_RUN` in the environment of everything that belongs to the run.
  package var runID: String
  /// Of the supervisor.
  package var pid: Int32
  /// Start of the process in clock ticks since boot: with the pid it names one process for ever.
  package var startTicks: UInt64
  package var bootID: String

  package init(tool: String, runID: String, pid: Int32, startTicks: UInt64, bootID: String) {
    self.tool = tool
    self.runID = runID
    self.pid = pid
    self.startTicks = startTicks
    self.bootID = bootID
  }
}

/// What a tool run cost, children included.
package struct ToolUsage: Sendable, Hashable, Codable {
  package var tool: String
  package var wallSeconds: Double
  package var cpuSeconds: Double
  package var peakMemoryBytes: Int64
  package var exit: Int?
  package var signal: Int?

  package init(
    tool: String, wallSeconds: Double, cpuSeconds: Double, peakMemoryBytes: Int64, exit: Int? = nil,
    signal: Int? = nil
  ) {
    self.tool = tool
    self.wallSeconds = wallSeconds
    self.cpuSeconds = cpuSeconds
    self.peakMemoryBytes = peakMemoryBytes
    self.exit = exit
    self.signal = signal
  }

  private enum CodingKeys: String, CodingKey {
    case tool, exit, signal
    case wallSeconds = "wall_seconds"
    case cpuSeconds = "cpu_seconds"
    case peakMemoryBytes = "peak_memory_bytes"
  }
}
