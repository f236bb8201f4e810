import Artifacts
import Jobs
import SystemPackage

/// One delivery: decide, write aside, rename.
///
/// What a reader may rely on: a file is whole or not there; the list comes after everything that it names; a delivery
/// into a directory that is not there yet appears at once, list included. A run that dies leaves nothing but a hidden
/// directory, or some of the files without the new list; the next run does the rest.
struct Delivery: Sendable {
  let environment: StepEnvironment
  let context: StepContext
  let root: DeliveryRoot
  let wanted: [DeliveredFile]

  /// Everything that is decided before anything is written.
  private struct Decision: Sendable {
    var plan: PlacementPlan
    /// Where the list goes, below the root.
    var listPlace: String
    var list: String
    /// What is not there yet.
    var missing: [PlacedFile]
    var listIsThere: Bool
  }

  func run() async throws -> StepResult {
    do {
      let decision = try await BlockingIO.run { [self] in try decide() }
      if !decision.missing.isEmpty || !decision.listIsThere { try await write(decision) }
      return result(decision)
    } catch let error as NameTemplateError {
      throw JobFailure(.invalidInput, error.description)
    } catch let error as PlacementError {
      throw JobFailure(.invalidInput, error.description)
    } catch let fault as StoreFault {
      throw JobFailure(fault.kind == .missing ? .missingInput : .invalidInput, fault.description)
    } catch let error as StoreError {
      throw Self.explain(error)
    }
  }

  private func decide() throws -> Decision {
    guard FileStatus.exists(root.base) else {
      throw JobFailure(
        .missingInput,
        "\(root.base), which deliver.roots names, is not there on this machine; mount it or make it, then retry the job."
      )
    }
    let template = try NameTemplate(context.parameters["template"]?.stringValue ?? "")
    let plan = try PlacementPlan(
      wanted.map { file in
        PlacedFile(
          path: file.path, sha256: file.description.sha256, bytes: file.bytes,
          place: root.prefix + (try template.place(of: file.description)))
      })
    let directory = plan.commonDirectory.isEmpty ? root.prefix : plan.commonDirectory
    let listPlace = directory + (try listName())
    guard !plan.files.contains(where: { $0.place == listPlace || $0.place.hasPrefix(listPlace + "/") }) else {
      throw PlacementError("\(listPlace) would be an artifact and the list of all; give 'manifest' another name.")
    }
    let list = list(of: plan, in: directory)
    let missing = try plan.files.filter { try Placement.standing(of: $0, in: root.base) != .same }
    let listFile = PlacedFile(
      path: root.base, sha256: FileDigest.sha256(of: list), bytes: Int64(list.utf8.count), place: listPlace)
    return Decision(
      plan: plan, listPlace: listPlace, list: list, missing: missing,
      listIsThere: try Placement.standing(of: listFile, in: root.base) == .same)
  }

  private func listName() throws -> String {
    let template = try NameTemplate(context.parameters["manifest"]?.stringValue ?? "")
    let names = Set(try wanted.map { try template.place(of: $0.description) }).sorted()
    guard names.count == 1, !names[0].contains("/") else {
      throw JobFailure(
        .invalidInput,
        "'\(template.text)' must give one name without a slash for the list of all files, not \(names.prefix(3).joined(separator: ", "))."
      )
    }
    return names[0]
  }

  /// Paths as they are below the list's own directory.
  private func list(of plan: PlacementPlan, in directory: String) -> String {
    let byPath = Dictionary(wanted.map { ($0.path, $0) }) { first, _ in first }
    let entries = plan.files.compactMap { placed in
      byPath[placed.path]?.entry(at: String(placed.place.dropFirst(directory.count)))
    }
    return JSONValue.object(["files": .array(entries)]).text + "\n"
  }

  private func write(_ decision: Decision) async throws {
    let job = "\(environment.databaseID)-\(context.job.id)-"
    let placement = try await BlockingIO.run { [root, token = context.job.token] in
      try Placement.removeLeftovers(in: root.base, named: job, now: WallClock.system.now())
      return try Placement(into: root.base, as: "\(job)\(token.fence)")
    }
    let written = await Result { try await write(decision, by: placement) }
    // Not worth an error: what is left is hidden, and removed by a later delivery.
    try? await BlockingIO.run { try placement.discard() }
    try written.get()
  }

  private func write(_ decision: Decision, by placement: Placement) async throws {
    let bytes = decision.missing.map(\.bytes).reduce(0, +)
    var done: Int64 = 0
    for (number, file) in decision.missing.enumerated() {
      try Task.checkCancellation()
      await context.progress(
        Double(done) / Double(max(1, bytes)), "writing file \(number + 1) of \(decision.missing.count)")
      try await BlockingIO.run { try placement.stage(file) }
      done += file.bytes
    }
    try Task.checkCancellation()
    try await BlockingIO.run {
      try placement.stage(decision.list, at: decision.listPlace)
      try placement.publish(decision.missing.map(\.place), last: decision.listPlace)
    }
  }

  private func result(_ decision: Decision) -> StepResult {
    let files = decision.plan.files.map { file in
      JSONValue.object([
        "path": .string(root.base.appending(file.place).string), "sha256": .string(file.sha256),
        "bytes": .integer(file.bytes),
      ])
    }
    return StepResult(
      outcome: decision.missing.isEmpty && decision.listIsThere ? .skipped : .done,
      result: .object([
        "manifest": .string(root.base.appending(decision.listPlace).string), "files": .array(files),
        "written": .integer(Int64(decision.missing.count)),
      ]))
  }

  /// What only a person can change fails the job; what may pass is waited for.
  private static func explain(_ error: StoreError) -> any Error {
    switch error.errno {
    case .permissionDenied, .notPermitted, .readOnlyFileSystem, .notDirectory, .improperLink:
      JobFailure(
        .invalidInput,
        "\(error.path) cannot be written by the worker (\(error.errno.description)); change its owner or mount, then retry the job."
      )
    default: error.asStepError
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
