import ArgumentParser
import Artifacts
import Jobs
import Queueing
import Steps
import ToolExecution

struct StaleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stale",
    abstract:
      "List results that a changed tool, template, material or step has made out of date, and what making them again costs.",
    discussion: """
      Of each step, tenant and set of parameters the newest result is compared with what a worker with this configuration \
      would make it with now. What a result was made of counts too: a picture of a mesh that is out of date is out of date. \
      Whether a source file has changed is not looked at: insert its job again, and it is made anew only if it has.

      The cost is the time that the makers ran when they last made these files, one after the other.

      EXAMPLES
        stepworks stale
        stepworks stale --step render_still --rebuild
        stepworks stale --json | jq '.[].changes[].ingredient' | sort | uniq -c
      """)

  @OptionGroup var shared: SharedOptions

  @Option(name: .long, parsing: .singleValue, help: "Only results of this step. May be repeated.")
  var step: [String] = []

  @Option(help: "Only results of this tenant.")
  var tenant: String?

  @Option(help: "Only results whose source contains this text.")
  var source: String?

  @Flag(help: "Insert a job for each, with the same parameters.")
  var rebuild = false

  @Option(
    parsing: .unconditional, help: "Priority of the jobs that --rebuild inserts, from -1000 to 1000; default: -10.")
  var priority: Int?

  @Flag(help: "Print one JSON array.")
  var json = false

  func validate() throws {
    guard let priority else { return }
    guard rebuild else { throw ValidationError("--priority is that of the jobs which --rebuild inserts; give both.") }
    guard (-1000...1000).contains(priority) else {
      throw ValidationError("--priority must be from -1000 to 1000, not \(priority).")
    }
  }

  func run() async throws {
    let settings = try await shared.settings()
    let queue = try settings.openQueue(.existing)
    let steps = Set(step.map(StepName.init(rawValue:)))
    try await queue.checkKnown(steps: steps, tenant: tenant)
    let store = try ArtifactStore(root: settings.dataDirectory)
    let tools = WorkerTools(settings: settings, store: store, queue: queue, cgroups: .off)
    let inventory = try await tools.inventory()
    for sentence in inventory.missing { Terminal.tell("stepworks: \(sentence)") }
    let results = try await queue.newestProvenances(
      steps: steps, tenant: tenant, source: source)
    var search = StaleSearch(queue: queue, steps: inventory.steps)
    var found: [StaleResult] = []
    let progress = WorkProgress("comparing", items: results.count, isQuiet: json)
    defer { progress.finish() }
    for result in results {
      if let stale = try await search.look(at: result) { found.append(stale) }
      progress.advance()
    }
    progress.finish()
    let jobs = rebuild ? try await enqueue(found, queue) : []
    if json {
      return Terminal.print(
        JSONValue.array(
          found.indices.map { found[$0].document(rebuiltBy: rebuild ? jobs[$0].jobID : nil) }
        ).text)
    }
    tell(found, of: results.count, unknown: search.unknown, jobs)
  }

  private func enqueue(_ found: [StaleResult], _ queue: JobQueue) async throws -> [EnqueueResult] {
    try await queue.enqueue(
      found.map { stale in
        JobRequest(
          step: stale.job.step, parameters: stale.job.parameters, queue: stale.job.queue, priority: priority ?? -10,
          tenant: stale.job.tenant)
      })
  }

  private func tell(_ found: [StaleResult], of count: Int, unknown: [String], _ jobs: [EnqueueResult]) {
    for sentence in unknown { Terminal.tell("stepworks: \(sentence)") }
    if !found.isEmpty {
      var table = Table([.number("JOB"), .text("STEP"), .text("SOURCE", atMost: 40), .number("COST"), .text("CHANGED")])
      table.rows = found.map { stale in
        [
          "\(stale.job.id)", "\(stale.job.step)", "\(stale.job.subject)", "\(HumanTime.took(stale.cost))",
          "\(stale.reason)",
        ]
      }
      table.print()
    }
    let cost = StaleResult.cost(of: found)
    Terminal.tell(
      found.isEmpty
        ? "None of \(count) results is out of date."
        : "\(found.count) of \(count) results are out of date; making them again takes about \(HumanTime.took(cost)), one after the other."
    )
    guard rebuild, !jobs.isEmpty else {
      if !found.isEmpty { Terminal.tell("--rebuild inserts their jobs.") }
      return
    }
    let inserted = jobs.filter { if case .inserted = $0 { true } else { false } }.count
    let merged = jobs.count - inserted
    Terminal.tell(
      "Inserted \(inserted) jobs\(merged == 0 ? "" : "; \(merged) waited already").")
  }
}

/// A result that would be made otherwise now.
struct StaleResult {
  var job: Job
  var changes: [ProvenanceChange]
  /// What it was made of and is out of date itself.
  var parts: [StaleResult]
  /// Of its own maker.
  var took: Duration
  /// What was made has this derivation key: several results may have one maker.
  var key: String

  /// With all that has to be made again for it.
  var cost: Duration { Self.cost(of: [self]) }

  /// What several are made of, or are equally, is made again only once.
  static func cost(of results: [StaleResult]) -> Duration {
    var costs: [String: Duration] = [:]
    var rest = results
    while let result = rest.popLast() {
      costs[result.key] = result.took
      rest += result.parts
    }
    return costs.values.reduce(.zero, +)
  }

  /// A few words.
  var reason: String {
    let own = changes.map { "\($0.ingredient): \($0.beforeText) → \($0.nowText)" }
    return (own + parts.map { "job \($0.job.id) (\($0.job.step)): \($0.reason)" }).joined(separator: "; ")
  }

  func document(rebuiltBy id: JobID?) -> JSONValue {
    var members: [String: JSONValue] = [
      "job": .integer(job.id), "step": .string(job.step.rawValue), "tenant": .string(job.tenant),
      "parameters": job.parameters, "changes": .array(changes.map(\.document)),
      "made_of": .array(parts.map { $0.document(rebuiltBy: nil) }),
      "cost_seconds": .number(Double(cost.wholeMilliseconds) / 1000),
    ]
    if let id { members["rebuilt_by"] = .integer(id) }
    return .object(members)
  }
}

/// Compares results with what they would be made with now.
struct StaleSearch {
  let queue: JobQueue
  let steps: StepRegistry
  /// Why nothing can be said of some, a sentence each.
  private(set) var unknown: [String] = []
  private var ingredients: [String: [String: JSONValue]] = [:]

  init(queue: JobQueue, steps: StepRegistry) {
    self.queue = queue
    self.steps = steps
  }

  /// - Returns: `nil` when it is up to date, or nothing can be said.
  mutating func look(at made: JobProvenance) async throws -> StaleResult? {
    let job = made.job
    guard let now = try await currentIngredients(of: job) else { return nil }
    let before = (made.provenance.objectValue ?? [:]).filter { !ProvenanceChange.inputs.contains($0.key) }
    let changes = ProvenanceChange.all(from: .object(before), to: .object(now))
    var parts: [StaleResult] = []
    for part in try await queue.dependencyResults(of: job.id) where part.isChild {
      guard let partMade = try await provenance(of: part) else {
        tell(
          "Whether job \(job.id) (\(job.step)) is out of date can't be told: what job \(part.jobID) (\(part.step)), which it was made of, had made is no longer recorded."
        )
        continue
      }
      if let stale = try await look(at: partMade) { parts.append(stale) }
    }
    guard !changes.isEmpty || !parts.isEmpty else { return nil }
    return StaleResult(
      job: job, changes: changes, parts: parts, took: made.took, key: Artifact.derivationKey(of: made.provenance))
  }

  /// Of the job itself or, when its artifacts were collected as garbage, of another that has made the same files.
  private func provenance(of part: DependencyResult) async throws -> JobProvenance? {
    if let made = try await queue.provenance(of: part.jobID) { return made }
    for artifact in part.result?["artifacts"]?.arrayValue ?? [] {
      guard let sha256 = artifact["sha256"]?.stringValue else { continue }
      if let made = try await queue.provenance(ofFile: sha256) { return made }
    }
    return nil
  }

  /// What determines the files of a step and parameters is looked up once: templates and libraries are read for it.
  private mutating func currentIngredients(of job: Job) async throws -> [String: JSONValue]? {
    guard let step = steps[job.step] as? any DerivedStep else {
      tell("Results of \(job.step) are not looked at: the step is not served with this configuration.")
      return nil
    }
    let key = "\(job.step) \(job.parameters.text)"
    if let known = ingredients[key] { return known }
    do {
      let parameters = try step.definition.parameters.resolve(job.parameters, for: job.step)
      let found = try await step.ingredients(of: parameters)
      ingredients[key] = found
      return found
    } catch let failure as JobFailure {
      tell("Job \(job.id) (\(job.step)) is not looked at: \(failure.message)")
      return nil
    }
  }

  private mutating func tell(_ sentence: String) {
    if !unknown.contains(sentence) { unknown.append(sentence) }
  }
}
