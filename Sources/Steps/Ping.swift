package import Jobs
import ToolExecution

/// `ping`: returns its parameters. For trying out, measuring and proving: it can sleep, report progress, fail, ask for
/// other pings and, in a process of its own, crash, ignore SIGTERM and leave daemons behind.
package struct Ping: Step {
  package static let definition = StepDefinition(
    name: "ping", version: 1, queue: "default",
    summary: "Returns its parameters; can sleep, report progress, ask for other jobs, fail or crash on request.",
    parameters: ParameterSchema(
      [
        Parameter("sleep_seconds", .number(0...86_400), "How long it runs, in seconds."),
        Parameter("progress_steps", .integer(0...1000), "How often it reports progress, spread over its run."),
        Parameter(
          "fail", .choice(FailureClass.allCases.map(\.rawValue)), "Ends with a failure of this class."),
        Parameter("tool", .boolean, "Runs in a supervised process, as the real tools do."),
        Parameter("exit_status", .integer(0...255), "The process exits with this status."),
        Parameter(
          "crash_signal", .choice(["SEGV", "ABRT", "BUS", "FPE", "KILL", "TERM"]),
          "The process ends by this signal."),
        Parameter("ignore_sigterm", .boolean, "The process ignores SIGTERM."),
        Parameter(
          "daemons", .integer(0...10), "The process leaves this many daemons behind, in sessions of their own."),
        Parameter(
          "ask_for", .integer(0...100), "Waits for this many other pings first, which do the same as this one."),
        Parameter(
          "ask_depth", .integer(1...7), "How long the line of pings that ask for others is; 1 when it is not given."),
      ], allowsOthers: true), dedup: .none, maxCrashes: 3, retry: RetryPolicy(base: .milliseconds(500), factor: 2))

  let environment: StepEnvironment

  package var definition: StepDefinition { Self.definition }

  package func run(_ context: StepContext) async throws -> StepResult {
    try await askForOthers(context)
    if let name = context.parameters["fail"]?.stringValue, let failureClass = FailureClass(rawValue: name) {
      throw JobFailure(failureClass, "The job asked for a failure of class \(name).")
    }
    if PingTool.isAskedFor(in: context.parameters) {
      _ = try await PingTool(environment: environment, context: context).run()
    } else {
      try await sleep(context)
    }
    return StepResult(result: .object(["parameters": context.parameters]))
  }

  private func askForOthers(_ context: StepContext) async throws {
    guard let count = context.parameters["ask_for"]?.integerValue, count > 0,
      try await !context.dependencies().contains(where: \.isChild)
    else { return }
    var parameters = context.parameters.objectValue ?? [:]
    let depth = parameters["ask_depth"]?.integerValue ?? 1
    parameters["ask_depth"] = depth > 1 ? .integer(depth - 1) : nil
    if depth == 1 { parameters["ask_for"] = nil }
    let request = JobRequest(step: definition.name, parameters: .object(parameters))
    throw StepAwait(for: Array(repeating: request, count: Int(count)), reason: "It was told to wait for other pings.")
  }

  private func sleep(_ context: StepContext) async throws {
    guard let seconds = context.parameters["sleep_seconds"]?.numberValue, seconds > 0 else { return }
    await context.phase(.work)
    let steps = max(1, context.parameters["progress_steps"]?.integerValue ?? 1)
    for step in 1...steps {
      try await Task.sleep(for: .seconds(seconds / Double(steps)))
      await context.progress(Double(step) / Double(steps), "step \(step) of \(steps)")
    }
  }
}
