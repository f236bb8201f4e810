import ArgumentParser
import Foundation
import Jobs
import Queueing

struct EnqueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enqueue",
    abstract: "Add jobs.",
    discussion: """
      Each SOURCE becomes the parameter 'source' of a job of its own, as an absolute path; all jobs are added in one \
      transaction or none is. A job that equals one that waits already is not added again.

      A parameter that is a list is given as key=a,b, one that is a map as key.member=value, once for each member; either \
      also as JSON: key=["a","b"], key={"member":"value"}. stepworks steps STEP says which are.

      EXAMPLES
        stepworks enqueue export_glb part.step
        stepworks enqueue export_glb part.step --wait
        stepworks enqueue extract_metadata *.step --priority 10
        stepworks enqueue export_glb part.step --parameter preset=hero
        stepworks enqueue render_still part.step -p angles=front_0deg,top_90deg
        stepworks enqueue render_still part.step -p materials=library -p material_map.Ball=Brass
        stepworks enqueue ping --parameters '{"sleep_seconds":2}' --delay 30s --after 12
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: "The step, such as export_glb.")
  var step: String

  @Argument(help: "Source files.", completion: .file(extensions: ["step", "stp", "STEP", "STP"]))
  var source: [String] = []

  @Option(
    name: .shortAndLong, parsing: .singleValue,
    help: ArgumentHelp("A parameter, of the type that the step declares. May be repeated.", valueName: "key=value"))
  var parameter: [String] = []

  @Option(help: ArgumentHelp("Parameters as a JSON object; --parameter and SOURCE win over it.", valueName: "json"))
  var parameters: String?

  @Option(help: "Another queue than the step's.")
  var queue: String?

  @Option(parsing: .unconditional, help: "-1000 to 1000; higher runs first.")
  var priority: Int?

  @Option(help: ArgumentHelp("Not before this time, such as 2026-01-31T12:00:00Z.", valueName: "time"))
  var runAt: String?

  @Option(help: ArgumentHelp("Not before this long from now: 90, 30s, 5m, 2h, 1d.", valueName: "duration"))
  var delay: String?

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Only after this job has completed. May be repeated.", valueName: "job-id"))
  var after: [JobID] = []

  @Option(help: "Waiting jobs with equal keys are one job; default: by the step's rule.")
  var dedupKey: String?

  @Option(help: "Whose job it is.")
  var tenant = "default"

  @Option(help: "How many runs may end in an error: 1 to 100.")
  var maxAttempts: Int?

  @Flag(help: "Wait until the jobs are final; print the paths of their artifacts.")
  var wait = false

  @Flag(help: "Print one JSON array.")
  var json = false

  func validate() throws {
    if let priority, !(-1000...1000).contains(priority) {
      throw ValidationError("--priority must be from -1000 to 1000, not \(priority).")
    }
    if let maxAttempts, !(1...100).contains(maxAttempts) {
      throw ValidationError("--max-attempts must be from 1 to 100, not \(maxAttempts).")
    }
    if runAt != nil, delay != nil { throw ValidationError("Give --run-at or --delay, not both.") }
    if let delay, HumanTime.duration(delay) == nil {
      throw ValidationError("--delay must be a duration such as 30s, 5m, 2h or 1d, not '\(delay)'.")
    }
    if let runAt, HumanTime.timestamp(runAt) == nil {
      throw ValidationError("--run-at must be a time such as 2026-01-31T12:00:00Z, not '\(runAt)'.")
    }
    for assignment in parameter where !assignment.dropFirst().contains("=") {
      throw ValidationError("--parameter must be key=value, not '\(assignment)'.")
    }
  }

  func run() async throws {
    let database = try await shared.openQueue()
    let steps = try await database.publishedSteps()
    guard let known = steps.first(where: { $0.name.rawValue == step }) else {
      throw QueueError.unknownStep(step, known: steps.map(\.name.rawValue))
    }
    let requests = try requests(for: known)
    // Watching begins before the jobs exist, so that the first thing that happens to them is seen.
    let follower = wait ? try JobFollower(database) : nil
    let results = try await database.enqueue(requests)
    report(results, of: requests)
    guard let follower else { return }
    let outcome = try await follower.follow(results.map(\.jobID))
    if json { Terminal.print(JSONValue.array(outcome.documents).text) } else { outcome.printPaths() }
    try outcome.throwFailure()
  }

  private func requests(for step: PublishedStep) throws -> [JobRequest] {
    let given = try ParameterArguments(step: step, json: parameters, assignments: parameter)
    let sources: [String?] = source.isEmpty ? [nil] : source.map { $0 }
    return try sources.map { source in
      JobRequest(
        step: step.name, parameters: try given.parameters(source: source), queue: queue.map(QueueName.init(rawValue:)),
        priority: priority, runAt: earliestRun, maxAttempts: maxAttempts, dedupKey: dedupKey, tenant: tenant,
        dependsOn: after)
    }
  }

  private var earliestRun: Timestamp? {
    if let delay = delay.flatMap(HumanTime.duration) { return WallClock.system.now().advanced(by: delay) }
    return runAt.flatMap(HumanTime.timestamp)
  }

  /// With --wait standard output is kept for the artifacts.
  private func report(_ results: [EnqueueResult], of requests: [JobRequest]) {
    if json {
      if wait { return }
      let documents = results.map { result -> JSONValue in
        let isDuplicate = if case .duplicate = result { true } else { false }
        return .object([
          "id": .integer(result.jobID), "step": .string(step), "duplicate": .bool(isDuplicate),
        ])
      }
      return Terminal.print(JSONValue.array(documents).text)
    }
    for (result, request) in zip(results, requests) {
      let subject = ([step] + [request.parameters["source"]?.stringValue].compactMap { $0 }).joined(separator: " ")
      let line =
        switch result {
        case .inserted(let id): "Enqueued job \(id): \(subject)"
        case .duplicate(let id): "Already waiting as job \(id): \(subject)"
        }
      if wait { Terminal.tell(line) } else { Terminal.print(line) }
    }
  }
}
