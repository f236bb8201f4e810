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
  }

  /// What is not there yet.
  private struct Missing: Sendable {
    var files: [PlacedFile]
    var list: Bool

    var isEmpty: Bool { files.isEmpty && !list }
  }

  private let byPath: [FilePath: DeliveredFile]

  init(environment: StepEnvironment, context: StepContext, root: DeliveryRoot, wanted: [DeliveredFile]) {
    self.environment = environment
    self.context = context
    self.root = root
    self.wanted = wanted
    byPath = Dictionary(wanted.map { ($0.path, $0) }) { first, _ in first }
  }

  func run() async throws -> StepResult {
    do {
      await context.phase(.plan)
      let decision = try decide()
      let missing = try await missing(of: decision)
      if !missing.isEmpty { try await write(decision, missing.files) }
      return result(decision, missing)
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
    if let place = plan.intrusion(into: environment.store.root, from: root.base) {
      throw JobFailure(
        .invalidInput,
        "\(place) is in the data directory \(environment.store.root), where nothing may be delivered; choose another directory, or change deliver.roots."
      )
    }
    let directory = plan.commonDirectory.isEmpty ? root.prefix : plan.commonDirectory
    let listPlace = directory + (try listName())
    guard !plan.files.contains(where: { $0.place == listPlace || $0.place.hasPrefix(listPlace + "/") }) else {
      throw PlacementError("\(listPlace) would be an artifact and the list of all; give 'manifest' another name.")
    }
    return Decision(plan: plan, listPlace: listPlace, list: list(of: plan, in: directory))
  }

  private func missing(of decision: Decision) async throws -> Missing {
    let list = PlacedFile(
      path: root.base, sha256: FileDigest.sha256(of: decision.list), bytes: Int64(decision.list.utf8.count),
      place: decision.listPlace)
    var missing: [PlacedFile] = []
    for file in decision.plan.files where try await !isThere(file) { missing.append(file) }
    return Missing(files: missing, list: try await !isThere(list))
  }

  private func isThere(_ file: PlacedFile) async throws -> Bool {
    try Task.checkCancellation()
    return try await BlockingIO.run { [root] in try Placement.standing(of: file, in: root.base) == .same }
  }

  private func listName() throws -> String {
    let text = context.parameters["manifest"]?.stringValue ?? ""
    guard !text.isEmpty else {
      throw JobFailure(
        .invalidInput, "The parameter 'manifest' is empty; it names the list of all files, such as delivery.json.")
    }
    let template = try NameTemplate(text)
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
    let entries = plan.files.compactMap { placed in
      byPath[placed.path]?.entry(at: String(placed.place.dropFirst(directory.count)))
    }
    return JSONValue.object(["files": .array(entries)]).text + "\n"
  }

  private func write(_ decision: Decision, _ files: [PlacedFile]) async throws {
    await context.phase(.place)
    let job = "\(environment.databaseID)-\(context.job.id)-"
    let placement = try await BlockingIO.run { [root, token = context.job.token] in
      try Placement.removeLeftovers(in: root.base, named: job, now: WallClock.system.now())
      return try Placement(into: root.base, as: "\(job)\(token.fence)")
    }
    let written = await Result { try await write(decision, files, by: placement) }
    // Not worth an error: what is left is hidden, and removed by a later delivery.
    try? await BlockingIO.run { try placement.discard() }
    try written.get()
  }

  private func write(_ decision: Decision, _ files: [PlacedFile], by placement: Placement) async throws {
    let bytes = files.map(\.bytes).reduce(0, +)
    var done: Int64 = 0
    for (number, file) in files.enumerated() {
      try Task.checkCancellation()
      await context.progress(
        Double(done) / Double(max(1, bytes)), "writing file \(number + 1) of \(files.count)")
      try await BlockingIO.run { try placement.stage(file) }
      done += file.bytes
    }
    try Task.checkCancellation()
    try await BlockingIO.run {
      try placement.stage(decision.list, at: decision.listPlace)
      try placement.publish(files.map(\.place), last: decision.listPlace)
    }
  }

  private func result(_ decision: Decision, _ missing: Missing) -> StepResult {
    let files = decision.plan.files.map { file in
      JSONValue.object([
        "path": .string(root.base.appending(file.place).string), "sha256": .string(file.sha256),
        "bytes": .integer(file.bytes), "role": .string(byPath[file.path]?.description.role ?? ""),
      ])
    }
    return StepResult(
      outcome: missing.isEmpty ? .skipped : .done,
      result: .object([
        "manifest": .string(root.base.appending(decision.listPlace).string), "files": .array(files),
        "written": .integer(Int64(missing.files.count)),
      ]))
  }

  /// What only a person can change fails the job; what may pass is waited for.
  private static func explain(_ error: StoreError) -> any Error {
    if error.isPermanent {
      return JobFailure(
        .invalidInput,
        "\(error.path) cannot be written (\(error.errno.description)); choose another directory or template, or move away what is in the way."
      )
    }
    return switch error.errno {
    case .permissionDenied, .notPermitted, .readOnlyFileSystem, .improperLink:
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
