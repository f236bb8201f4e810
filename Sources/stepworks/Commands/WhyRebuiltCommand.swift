import ArgumentParser
import Artifacts
import Jobs
import Queueing

struct WhyRebuiltCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why-rebuilt",
    abstract: "Tell why a job made its files anew: which ingredient differs from earlier results.",
    discussion: """
      It compares what determined the files of the job (input, parameters, step, tools, templates, materials) with the \
      most similar earlier result of the same step, tenant and source, and does the same for the jobs that it was made of.

      EXAMPLES
        stepworks why-rebuilt 12
        stepworks why-rebuilt 12 --json | jq '.changes[].ingredient'
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The job.", valueName: "id"))
  var id: JobID

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    guard let job = try await queue.job(id) else { throw QueueError.noSuchJob(id) }
    let reasons = RebuildReasons(queue: queue)
    guard let reason = try await reasons.reason(for: job) else {
      throw CommandFailure(.refused, reasons.nothingMade(by: job))
    }
    if json {
      Terminal.print(reason.document.text)
    } else {
      for line in reason.lines { Terminal.print(line) }
    }
  }
}

/// Compares results with those before them.
struct RebuildReasons {
  let queue: JobQueue

  /// Why one job made its files.
  struct Reason {
    var job: Job
    /// One sentence.
    var sentence: String
    /// The result it is compared with.
    var earlier: JobID?
    var changes: [ProvenanceChange] = []
    /// Of the jobs that it was made of, where they made something anew.
    var parts: [Reason] = []
  }

  func nothingMade(by job: Job) -> String {
    if job.state != .completed { return "Job \(job.id) is \(job.state.rawValue) and has not made anything yet." }
    return job.result?["artifacts"] == nil
      ? "Jobs of \(job.step) make no artifacts, so there is nothing to compare."
      : "Job \(job.id) has no artifact that is still recorded, so there is nothing to compare."
  }

  /// - Returns: `nil` when the job has made nothing that is known.
  func reason(for job: Job) async throws -> Reason? {
    guard job.state == .completed, let made = try await queue.provenance(of: job.id) else { return nil }
    if job.outcome == .cached {
      let maker = job.result?["cached_from"]?.integerValue.map { "job \($0)" } ?? "an earlier job"
      return Reason(
        job: job, sentence: "Job \(job.id) (\(job.step)) made nothing anew: it took over what \(maker) had made.")
    }
    var reason = try await compared(made)
    let hasOtherInput = reason.changes.contains { $0.ingredient == "input_sha256" }
    for part in try await queue.dependencyResults(of: job.id) where part.isChild {
      guard let partMade = try await queue.provenance(of: part.jobID) else { continue }
      if part.outcome == .done, let found = try await self.reason(for: partMade.job) {
        reason.parts.append(found)
      } else if hasOtherInput {
        // Taken over from an earlier job, but not from the one that the compared result was made of.
        reason.parts.append(try await compared(partMade, withOthersOnly: true))
      }
    }
    return reason
  }

  /// - Parameter withOthersOnly: results with the same ingredients are passed over.
  private func compared(_ made: JobProvenance, withOthersOnly: Bool = false) async throws -> Reason {
    let job = made.job
    let candidates = try await queue.provenances(before: job).map {
      (id: $0.job.id, changes: ProvenanceChange.all(from: $0.provenance, to: made.provenance))
    }.filter { !withOthersOnly || !$0.changes.isEmpty }
    // The newest of the most similar ones: min keeps the first of equals.
    guard let nearest = candidates.min(by: { $0.changes.count < $1.changes.count }) else {
      return Reason(
        job: job, sentence: "Job \(job.id) (\(job.step)) is the first on this source: there was nothing to take over.")
    }
    if nearest.changes.isEmpty {
      let said = try await queue.events(of: job.id).first {
        $0.kind == .warning && $0.detail?["message"]?.stringValue?.contains("is made again:") == true
      }
      let why =
        said?.detail?["message"]?.stringValue
        ?? "That result was not complete, or not yet there, when the job started."
      return Reason(
        job: job, sentence: "Job \(job.id) (\(job.step)) has the same ingredients as job \(nearest.id). \(why)",
        earlier: nearest.id)
    }
    let names = nearest.changes.map(\.ingredient).joined(separator: ", ")
    return Reason(
      job: job, sentence: "Job \(job.id) (\(job.step)) differs from job \(nearest.id) in \(names).",
      earlier: nearest.id,
      changes: nearest.changes)
  }
}

extension RebuildReasons.Reason {
  var document: JSONValue {
    .object([
      "job": .integer(job.id), "step": .string(job.step.rawValue), "outcome": .string(job.outcome?.rawValue ?? ""),
      "reason": .string(sentence), "compared_with": earlier.map { .integer($0) } ?? .null,
      "changes": .array(changes.map(\.document)), "made_of": .array(parts.map(\.document)),
    ])
  }

  var lines: [String] {
    var lines = [sentence]
    if !changes.isEmpty {
      var table = Table([.text("INGREDIENT"), .text("BEFORE"), .text("NOW")])
      table.rows = changes.map { ["\($0.ingredient)", "\($0.beforeText)", "\($0.nowText)"] }
      lines += table.lines(width: nil, colour: Terminal.hasColour).map { "  \($0)" }
    }
    return lines + parts.flatMap(\.lines)
  }
}

extension ProvenanceChange {
  var document: JSONValue {
    .object(["ingredient": .string(ingredient), "before": before ?? .null, "now": now ?? .null])
  }

  var beforeText: String { Self.text(before) }
  var nowText: String { Self.text(now) }

  /// Digests by their first 12 digits, as in the names of sidecars.
  private static func text(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null: "–"
    case .string(let text) where text.count == 64 && text.allSatisfy(\.isHexDigit): String(text.prefix(12))
    case .string(let text): text
    case let value?: value.text
    }
  }
}
