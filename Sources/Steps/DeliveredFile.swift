import Artifacts
import Jobs
import SystemPackage

/// An artifact of a job that a delivery waited for.
struct DeliveredFile: Sendable, Hashable {
  let path: FilePath
  let bytes: Int64
  let description: FileDescription

  /// What a delivery is about.
  /// - Throws: ``JobFailure`` of class `invalid_input` when that is nothing, or another tenant's.
  static func all(
    of dependencies: [DependencyResult], for context: StepContext, in store: ArtifactStore
  ) throws -> [DeliveredFile] {
    guard !dependencies.isEmpty else {
      throw JobFailure(
        .invalidInput,
        "There is nothing to deliver: this job waits for no other. Name the jobs whose artifacts are meant: stepworks enqueue deliver --after ID, or a row in job_dependencies in the transaction of the insert."
      )
    }
    let roles = context.parameters["roles"]?.arrayValue?.compactMap(\.stringValue)
    let files = try dependencies.flatMap { dependency in
      guard dependency.tenant == context.job.tenant else {
        throw JobFailure(
          .invalidInput,
          "Job \(dependency.jobID) is of tenant '\(dependency.tenant)', this delivery of '\(context.job.tenant)'; deliver what is your own."
        )
      }
      return try (dependency.result?["artifacts"]?.arrayValue ?? []).compactMap { entry in
        try DeliveredFile(entry, of: dependency, on: context.job.createdAt, in: store)
      }.filter { roles?.contains($0.description.role) ?? true }
    }
    guard !files.isEmpty else {
      let jobs = dependencies.map { "\($0.jobID)" }.joined(separator: ", ")
      let kind = roles.map { " of the role \($0.joined(separator: " or "))" } ?? ""
      throw JobFailure(.invalidInput, "There is nothing to deliver: the jobs \(jobs) have made no artifact\(kind).")
    }
    return files
  }

  /// - Returns: `nil` when the entry is none of an artifact.
  private init?(
    _ entry: JSONValue, of dependency: DependencyResult, on date: Timestamp, in store: ArtifactStore
  ) throws {
    guard let path = entry["path"]?.stringValue, let role = entry["role"]?.stringValue,
      let bytes = entry["bytes"]?.integerValue, let sha256 = entry["sha256"]?.stringValue
    else { return nil }
    guard store.holds(FilePath(path)) else {
      throw JobFailure(.invalidInput, "\(path), which job \(dependency.jobID) names, is no file of the store.")
    }
    self.path = FilePath(path)
    self.bytes = bytes
    description = FileDescription(
      path: path, role: role, sha256: sha256, step: dependency.step, jobID: dependency.jobID,
      tenant: dependency.tenant, source: dependency.parameters["source"]?.stringValue,
      view: entry["view"]?.stringValue, frame: entry["frame"]?.integerValue, date: date)
  }

  /// How the list of a delivery tells of it. Nothing in it tells one delivery of the same files from another, or where
  /// anything stands on this machine.
  func entry(at place: String) -> JSONValue {
    var members: [String: JSONValue] = [
      "path": .string(place), "role": .string(description.role), "bytes": .integer(bytes),
      "sha256": .string(description.sha256), "step": .string(description.step.rawValue),
    ]
    members["view"] = description.view.map { .string($0) }
    members["frame"] = description.frame.map { .integer($0) }
    members["source"] = description.source.flatMap { FilePath($0).lastComponent }.map { .string($0.string) }
    return .object(members)
  }
}
