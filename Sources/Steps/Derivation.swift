import Artifacts
package import Jobs
import SystemPackage

/// A step that makes files, and can tell before it runs what they will be made with.
package protocol DerivedStep: Step {
  /// What determines the files besides the input: step and version, resolved parameters, tools, templates, materials. With
  /// the input's digest and name it is the provenance.
  /// - Parameter parameters: validated, defaults filled in.
  /// - Throws: ``JobFailure`` when something that takes part is not there.
  func ingredients(of parameters: JSONValue) async throws -> [String: JSONValue]
}

extension StepDefinition {
  /// The members that every provenance has.
  /// - Parameters:
  ///   - inputs: parameters that say where the input is and how it is prepared: its digest says more.
  ///   - tools: what each tool says of itself.
  func ingredients(
    _ parameters: JSONValue, inputs: [String] = ["source"], tools: [JSONValue]
  ) -> [String: JSONValue] {
    var resolved = parameters.objectValue ?? [:]
    for name in inputs { resolved[name] = nil }
    return [
      "step": .string(name.rawValue), "step_version": .integer(Int64(version)), "parameters": .object(resolved),
      "tools": .array(tools),
    ]
  }
}

extension StepContext {
  /// Takes over what an earlier job has made of the same, once every file is found to be what it was; else makes it.
  ///
  /// - Parameters:
  ///   - provenance: all that determines what is made.
  ///   - own: members of the result that are this job's own, whoever has made the files.
  ///   - refusing: why an earlier result will not do, one sentence.
  /// - Throws: `DerivationWait` when another job makes it now: let it through.
  func derived(
    from provenance: JSONValue, own: [String: JSONValue] = [:],
    refusing: (EarlierResult) -> String? = { _ in nil }, by make: () async throws -> StepResult
  ) async throws -> StepResult {
    let key = Artifact.derivationKey(of: provenance)
    guard let earlier = try await claimDerivation(key) else { return try await make() }
    await phase(.reuse)
    var fault = refusing(earlier)
    if fault == nil { fault = await earlier.fault() }
    guard let fault else { return earlier.takenOver(own) }
    await log(.warning, "What job \(earlier.jobID) made is made again: \(fault)")
    _ = try await claimDerivation(key, isRemaking: true)
    return try await make()
  }
}

extension EarlierResult {
  fileprivate func takenOver(_ own: [String: JSONValue]) -> StepResult {
    var members = (result.objectValue ?? [:]).merging(own) { $1 }
    members["cached_from"] = .integer(jobID)
    return StepResult(outcome: .cached, result: .object(members), artifacts: artifacts)
  }

  /// What is wrong with the first file that is not what was published: one sentence.
  fileprivate func fault() async -> String? {
    for artifact in artifacts {
      artifact.touch()
      if let fault = await artifact.fault() { return fault }
    }
    return nil
  }
}
