import ArgumentParser
import Jobs
import Queueing

/// Which artifacts a command is about.
struct ArtifactFilterOptions: ParsableArguments {
  @Option(
    name: [.long, .customLong("kind")], parsing: .singleValue,
    help: "Only artifacts of this role, such as glb or picture; also --kind. May be repeated.")
  var role: [String] = []

  @Option(name: .long, parsing: .singleValue, help: "Only artifacts of this step. May be repeated.")
  var step: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Only artifacts of this job. May be repeated.", valueName: "id"))
  var job: [JobID] = []

  @Option(help: "Only artifacts of this tenant.")
  var tenant: String?

  @Option(help: ArgumentHelp("Only those whose source has this in its path.", valueName: "text"))
  var source: String?

  @Option(
    help: ArgumentHelp("Only those with this in path, role, step, parameters or provenance.", valueName: "text"))
  var text: String?

  @Option(help: ArgumentHelp("Only those made since: \(Moment.help).", valueName: "when"))
  var since: String?

  @Option(help: ArgumentHelp("Only those made before, likewise.", valueName: "when"))
  var olderThan: String?

  func validate() throws {
    try Moment.check("--since", since)
    try Moment.check("--older-than", olderThan)
  }

  /// Whether any of them was given.
  var isEmpty: Bool {
    role.isEmpty && step.isEmpty && job.isEmpty && tenant == nil && source == nil && text == nil && since == nil
      && olderThan == nil
  }

  /// A name that nothing has would leave nothing in, and look as if there were nothing.
  /// - Throws: ``QueueError`` that names what there is.
  func check(in queue: JobQueue) async throws {
    try await queue.checkKnown(steps: Set(step.map(StepName.init(rawValue:))), tenant: tenant, jobs: Set(job))
  }

  func filter(now: Timestamp) -> ArtifactFilter {
    var filter = ArtifactFilter()
    filter.roles = Set(role)
    filter.steps = Set(step.map(StepName.init(rawValue:)))
    filter.jobs = Set(job)
    filter.tenant = tenant
    filter.source = source
    filter.text = text
    filter.since = since.flatMap { Moment.time($0, now: now) }
    filter.before = olderThan.flatMap { Moment.time($0, now: now) }
    return filter
  }
}
