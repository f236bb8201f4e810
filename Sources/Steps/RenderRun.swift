import Artifacts
import FoundationEssentials
import Jobs
import SystemPackage
import ToolExecution

/// One run of `stepworks-render`: the request it gets, the machine's share it may use, what determines its outputs.
struct RenderRun: Sendable {
  /// A picture that is wrong is wrong again; what a crash, a full memory or a stall left may go better.
  static let retry = RetryPolicy(overrides: [.invalidOutput: .fail, .timedOut: .fail])

  let environment: StepEnvironment
  let render: RenderEnvironment
  let context: StepContext
  let definition: StepDefinition
  let attempt: Attempt
  let model: MeshSource

  private var parameters: JSONValue { context.parameters }

  /// Opens the attempt, finds the model, and hands both to `body` with ``provenance()``.
  /// - Throws: ``StepAwait`` when the mesh has to be made first; ``JobFailure``.
  static func perform(
    _ context: StepContext, of definition: StepDefinition, in environment: StepEnvironment,
    _ render: RenderEnvironment,
    _ body: (RenderRun, _ provenance: [String: JSONValue]) async throws -> StepResult
  ) async throws -> StepResult {
    try RenderParameters.check(context.parameters, of: definition.name)
    return try await environment.withAttempt(context) { attempt in
      let run = RenderRun(
        environment: environment, render: render, context: context, definition: definition, attempt: attempt,
        model: try await MeshSource(for: context, in: environment, into: attempt))
      let provenance = try await run.provenance()
      return try await context.derived(from: .object(provenance), refusing: run.misfit) {
        try await body(run, provenance)
      }
    }
  }

  /// A GPU that does not answer is found out by the tool only, so the key can't know of it.
  func misfit(_ earlier: EarlierResult) -> String? {
    let isOnProcessor = earlier.result["summary"]?["device"]?["used"] == .string("cpu")
    guard isOnProcessor, parameters["engine"] == .string("cycles"), ingredients.device != .cpu else { return nil }
    if render.gpuBackend != nil { return "It was rendered on the processor for want of a GPU." }
    guard ingredients.device == .gpu, render.cpuFallback == .fail else { return nil }
    return "It was rendered on the processor, which render.cpuFallback forbids."
  }

  private var ingredients: RenderIngredients {
    RenderIngredients(environment: environment, render: render, parameters: parameters)
  }

  /// What determines pictures besides the parameters: pictures of equal bases fit together.
  /// - Throws: ``JobFailure`` when the template or the library is not there.
  func basis() async throws -> [String: JSONValue] {
    var members = try await ingredients.basis()
    members["input_sha256"] = .string(model.glb.digest.sha256)
    return members
  }

  /// Everything that determines the outputs of a run, which are told apart by their names.
  /// - Throws: ``JobFailure`` when the template or the library is not there.
  func provenance() async throws -> [String: JSONValue] {
    var members = try await ingredients.all(of: definition)
    members["input_sha256"] = .string(model.glb.digest.sha256)
    members["name"] = .string(model.name)
    return members
  }

  /// Runs one operation and returns what the tool says.
  /// - Parameters:
  ///   - members: of the request, beyond what every operation gets.
  ///   - isWarm: whether a process that has served others may serve this.
  func run(
    _ operation: String, _ members: [String: JSONValue], provenance: [String: JSONValue], isWarm: Bool = false
  ) async throws -> ToolOutputs {
    let request = try request(operation, members, provenance)
    let requestFile = try attempt.keep(request.text + "\n", as: "request.json")
    let concurrency = await render.concurrency(context.job.queue)
    let share = RenderShare(of: render, concurrency: concurrency, wantsGPU: ingredients.device != .cpu)
    defer { share.release() }
    if let trouble = share.trouble { await context.log(.warning, trouble) }
    var limits = render.tool.limits
    limits.processors = share.processors
    let tool = ToolRun(
      environment: environment, context: context, name: render.tool.name, limits: limits,
      logDirectory: attempt.logDirectory)
    do {
      let result =
        if isWarm, let warm = waitingProcesses(concurrency) {
          try await tool.run(
            WarmRequest(request: requestFile, directory: attempt.directory, logDirectory: attempt.logDirectory),
            on: warm,
            WarmCommand(
              executable: render.tool.executable, arguments: ["--serve"], environment: environment(for: share)))
        } else {
          try await tool.run(coldCommand(requestFile, share))
        }
      let outputs = try ToolOutputs(result, of: render.tool.name)
      for fact in outputs.renderFacts { await context.fact(fact) }
      // The tool read template and library after their digests were taken: only if they stayed is it known what it read.
      guard try await basis().allSatisfy({ provenance[$0] == $1 }) else {
        throw StepSnooze(
          for: .seconds(1), reason: "The template or the material library of \(model.source) changed while it was used."
        )
      }
      return outputs
    } catch var failure as JobFailure {
      // The tool knows only its private copy; people know their own file.
      failure.message = failure.message.replacing(model.glb.path.string, with: model.source.string)
      throw failure
    }
  }

  private func request(
    _ operation: String, _ members: [String: JSONValue], _ provenance: [String: JSONValue]
  ) throws -> JSONValue {
    var request = members
    request["operation"] = .string(operation)
    request["model"] = .string(model.glb.path.string)
    request["model_name"] = .string(model.source.lastComponent?.string ?? model.name)
    request["name"] = .string(model.name)
    request["derivation_key"] = .string(Artifact.derivationKey(of: .object(provenance)))
    request["input_sha256"] = .string(model.glb.digest.sha256)
    for name in ["engine", "width", "height", "samples", "seed", "background", "view_transform"] {
      request[name] = parameters[name]
    }
    request["device"] = .string(ingredients.device.rawValue)
    request["cpu_fallback"] = .string(render.cpuFallback.rawValue)
    request["template"] = try ingredients.template().map { .string($0.string) } ?? .null
    request["template_collection"] = parameters["template_collection"] ?? .null
    request["materials"] = .object([
      "mode": parameters["materials"] ?? .string("source"), "map": parameters["material_map"] ?? .object([:]),
      "override": parameters["material_override"] ?? .null, "failed_material": .string(render.failedMaterial),
      "library": render.library.map { .string($0.string) } ?? .null,
    ])
    let fault = parameters["faulty_picture"] ?? .string("fail")
    request["checks"] = .object([
      "empty": fault, "black": fault,
      "cropped": parameters["background"] == .string("template") ? .string("warn") : fault,
      "fill": .string("warn"), "magenta": parameters["unresolved_material"] ?? .string("warn"),
    ])
    return .object(request)
  }

  private func coldCommand(_ requestFile: FilePath, _ share: RenderShare) -> ToolCommand {
    var command = ToolCommand(
      executable: render.tool.executable, arguments: [requestFile.string], workingDirectory: attempt.directory)
    command.environment.merge(environment(for: share)) { $1 }
    return command
  }

  private func environment(for share: RenderShare) -> [String: String] {
    // GPU kernels are compiled once, not once a job.
    var variables = ["HOME": render.cacheDirectory.string]
    if let gpu = share.gpu {
      variables["CUDA_VISIBLE_DEVICES"] = gpu
      variables["HIP_VISIBLE_DEVICES"] = gpu
    }
    return variables
  }

  /// As many as may work at once now: nobody waits for one while a slot is free.
  private func waitingProcesses(_ concurrency: Int) -> WarmTools? {
    render.warm?.setMaximum(concurrency)
    return render.warm
  }
}
