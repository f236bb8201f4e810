import Jobs
import Queueing
import ToolExecution

/// Looks at a database, and remembers what it takes to tell how fast things go. It writes nothing.
struct TopReader {
  let queue: JobQueue
  var clock = WallClock.system
  private var position: Int64?
  private var throughput = Throughput()
  private var forecasts: ForecastReader
  private var endings: [JobEvent] = []
  private var usages: [JobID: ToolSample] = [:]

  /// Of the run of one tool.
  private struct ToolSample {
    var tool: RunningTool
    var cpu: Duration
    var at: ContinuousClock.Instant
  }

  /// More than any terminal has lines for.
  private static let runningLimit = 500
  private static let endingLimit = 50
  /// A shorter time between two looks says little of processor time, which is counted in hundredths of a second.
  private static let shortestSample: Duration = .milliseconds(500)

  init(_ queue: JobQueue) {
    self.queue = queue
    forecasts = ForecastReader(queue)
  }

  mutating func look() async throws -> TopSnapshot {
    try queue.checkFileIsInPlace()
    let now = clock.now()
    let overview = try await queue.overview(limit: Self.runningLimit)
    let ended = try await queue.endings(
      after: position, since: now.advanced(by: .zero - Throughput.window), limit: Self.endingLimit)
    position = ended.position
    throughput.add(ended, now: now)
    remember(ended.newest)
    // What has ended since the overview was read is shown as running once more, not twice.
    let underWay = Set(overview.underWay.map(\.id))
    let over = endings.filter { !underWay.contains($0.jobID) }
    let jobs = try await queue.jobs(Set(over.map(\.jobID)))
    let firstStarts = try await queue.firstStarts(of: overview.underWay.map(\.id) + over.map(\.jobID))
    let forecast = try await forecasts.forecast(for: overview.underWay)
    let byID = Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0) })
    return TopSnapshot(
      database: queue.path, at: now, workers: overview.workers,
      queues: overview.queues.map {
        TopSnapshot.Queue(status: $0, emptyIn: $0.available + $0.blocked > 0 ? forecast.eta(of: $0.name) : nil)
      },
      running: running(overview, forecast, firstStarts),
      endings: over.compactMap { event in
        byID[event.jobID].map { TopSnapshot.Ending(event: event, job: $0, firstStart: firstStarts[event.jobID]) }
      },
      throughput: throughput.seen(now: now))
  }

  private mutating func remember(_ newest: [JobEvent]) {
    var seen: Set<JobID> = []
    endings = Array((newest + endings).filter { seen.insert($0.jobID).inserted }.prefix(Self.endingLimit))
  }

  private mutating func running(
    _ overview: QueueOverview, _ forecast: Forecast, _ firstStarts: [JobID: Timestamp]
  ) -> [TopSnapshot.Running] {
    let samples = usages
    usages = [:]
    return FamilyOrder(overview.underWay, parents: overview.parents).jobs.map { job, depth in
      let tool = overview.tools[job.id]?.last.flatMap { share(of: $0, job.id, before: samples[job.id]) }
      return TopSnapshot.Running(
        job: job, firstStart: firstStarts[job.id], depth: depth, tool: tool, remaining: forecast.eta(of: job.id))
    }
  }

  private mutating func share(of tool: RunningTool, _ job: JobID, before: ToolSample?) -> TopSnapshot.ToolShare? {
    let supervisor = ToolProcess(
      pid: tool.pid, startTicks: tool.startTicks, bootID: tool.bootID, processGroup: tool.pid, session: tool.pid)
    guard let usage = ToolTreeUsage(of: supervisor) else { return nil }
    let now = ContinuousClock.now
    let sample = ToolSample(tool: tool, cpu: usage.cpu, at: now)
    let since = before.flatMap { $0.tool == tool ? $0 : nil }
    let (used, over) = since.map { (usage.cpu - $0.cpu, now - $0.at) } ?? (usage.cpu, usage.age)
    usages[job] = since.map { over < Self.shortestSample ? $0 : sample } ?? sample
    return TopSnapshot.ToolShare(
      processors: max(0, used.seconds / max(0.01, over.seconds)), residentBytes: usage.residentBytes)
  }
}

/// Jobs in the order in which people read a family: who asked for others above them.
struct FamilyOrder {
  private(set) var jobs: [(job: Job, depth: Int)] = []

  /// - Parameter parents: of each job who asked for it, as far as they are among `all`.
  init(_ all: [Job], parents: [JobID: [JobID]]) {
    let known = Set(all.map(\.id))
    var children: [JobID: [Job]] = [:]
    for job in all.sorted(by: Self.startedEarlier) {
      for parent in parents[job.id] ?? [] where known.contains(parent) { children[parent, default: []].append(job) }
    }
    let roots = all.filter { job in !(parents[job.id] ?? []).contains(where: known.contains) }
    var placed: Set<JobID> = []
    var rest = roots.sorted(by: Self.startedEarlier).reversed().map { (job: $0, depth: 0) }
    while let next = rest.popLast() {
      // Who was asked for by several stands under the first.
      guard placed.insert(next.job.id).inserted else { continue }
      jobs.append(next)
      rest += (children[next.job.id] ?? []).reversed().map { ($0, next.depth + 1) }
    }
  }

  private static func startedEarlier(_ left: Job, _ right: Job) -> Bool {
    (left.startedAt ?? left.createdAt, left.id) < (right.startedAt ?? right.createdAt, right.id)
  }
}
