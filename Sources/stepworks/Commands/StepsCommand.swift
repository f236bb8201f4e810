import ArgumentParser
import Jobs
import Queueing

struct StepsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "steps",
    abstract: "List the steps that jobs can run, or the parameters of one.",
    discussion: """
      EXAMPLES
        stepworks steps
        stepworks steps export_glb
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: "Show the parameters of this step.")
  var step: String?

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let known = try await shared.openQueue().publishedSteps()
    guard let step else { return show(known) }
    guard let one = known.first(where: { $0.name.rawValue == step }) else {
      throw QueueError.unknownStep(step, known: known.map(\.name.rawValue))
    }
    json ? show([one]) : describe(one)
  }

  private func show(_ steps: [PublishedStep]) {
    if json { return Terminal.print(JSONValue.array(steps.map(document)).text) }
    if steps.isEmpty { return Terminal.tell("No steps yet; stepworks migrate and every worker publish theirs.") }
    var table = Table([.text("STEP"), .text("QUEUE"), .number("VERSION"), .text("WHAT IT DOES")])
    table.rows = steps.map { ["\($0.name)", "\($0.queue)", "\($0.version)", "\($0.summary)"] }
    table.print()
  }

  private func describe(_ step: PublishedStep) {
    Terminal.print("\(step.name): \(step.summary)")
    for parameter in step.parameters.parameters {
      let value = parameter.isRequired ? "required" : parameter.defaultValue.map { "default \($0.text)" } ?? "optional"
      Terminal.print("\n  \(parameter.name) (\(value))\n    \(parameter.summary)\n    \(parameter.expectation)")
    }
  }

  private func document(_ step: PublishedStep) -> JSONValue {
    .object([
      "name": .string(step.name.rawValue), "version": .integer(Int64(step.version)),
      "queue": .string(step.queue.rawValue), "summary": .string(step.summary),
      "max_attempts": .integer(Int64(step.maxAttempts)), "tools": .array(step.tools.map { .string($0) }),
      "parameter_schema": step.parameters.jsonSchema,
    ])
  }
}
