import Artifacts
import Jobs
import SystemPackage

/// What determines a picture besides the model.
struct RenderIngredients: Sendable {
  let environment: StepEnvironment
  let render: RenderEnvironment
  /// Of the job, defaults filled in.
  let parameters: JSONValue

  var device: RenderEnvironment.Device {
    parameters["cycles_device"]?.stringValue.flatMap(RenderEnvironment.Device.init(rawValue:)) ?? render.device
  }

  /// Without the parameters: what pictures that fit together have in common.
  /// - Throws: ``JobFailure`` when the template or the library is not there.
  func basis() async throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "tools": .array([render.tool.version]),
      "device": .string(device == .cpu ? "cpu" : render.gpuBackend ?? "cpu"),
    ]
    if let template = try template() {
      members["template_sha256"] = .string(try await digest(of: template, "template"))
    }
    if parameters["materials"] == .string("library") {
      members["failed_material"] = .string(render.failedMaterial)
      if let library = render.library {
        members["library_sha256"] = .string(try await digest(of: library, "material library"))
      }
    }
    return members
  }

  /// - Throws: ``JobFailure`` when the template or the library is not there.
  func all(of definition: StepDefinition) async throws -> [String: JSONValue] {
    // Source and preset determine the mesh, whose digest says more.
    let common = definition.ingredients(parameters, inputs: ["source", "preset"], tools: [])
    return common.merging(try await basis()) { $1 }
  }

  /// - Throws: ``JobFailure`` when the parameter is no path.
  func template() throws -> FilePath? {
    guard let given = parameters["template"]?.stringValue else { return nil }
    guard !given.isEmpty, !given.utf8.contains(0) else {
      throw JobFailure(.invalidInput, "The parameter 'template' must be the path of a .blend file.")
    }
    return environment.sourceDirectory.pushing(FilePath(given)).lexicallyNormalized()
  }

  private func digest(of path: FilePath, _ role: String) async throws -> String {
    do {
      return try await BlockingIO.run { try FileDigest(of: path).sha256 }
    } catch let error as StoreError {
      throw JobFailure(
        .missingInput,
        "The \(role) \(path) cannot be read (\(error.errno.description)); check the path and its permissions.")
    }
  }
}
