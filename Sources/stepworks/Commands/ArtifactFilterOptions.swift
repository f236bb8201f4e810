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

  @Option(help: ArgumentHelp("Only those made in the last 90, 30s, 5m, 2h, 1d.", valueName: "duration"))
  var since: String?

  @Option(help: ArgumentHelp("Only those made longer ago than 90, 30s, 5m, 2h, 1d.", valueName: "duration"))
  var olderThan: String?

  func validate() throws {
    for (flag, value) in [("--since", since), ("--older-than", olderThan)] {
      guard let value, HumanTime.duration(value) == nil else { continue }
      throw ValidationError("\(flag) must be a duration such as 30s, 5m, 2h or 1d, not '\(value)'.")
    }
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
    func ago(_ text: String?) -> Timestamp? {
      text.flatMap(HumanTime.duration).map { now.advanced(by: .zero - $0) }
    }
    var filter = ArtifactFilter()
    filter.roles = Set(role)
    filter.steps = Set(step.map(StepName.init(rawValue:)))
    filter.jobs = Set(job)
    filter.tenant = tenant
    filter.source = source
    filter.text = text
    filter.since = ago(since)
    filter.before = ago(olderThan)
    return filter
  }
}
