import Jobs

/// The parameters that the steps on `stepworks-render` share.
enum RenderParameters {
  static let materials: [Parameter] = [
    Parameter(
      "materials", .choice(["source", "library"]),
      "source: the colours of the file; library: every part gets a material of the library, found by its name or colour.",
      default: .string("source")),
    Parameter(
      "material_map", .map(count: 0...10_000),
      "Which material of the library a part gets, by the part's name; with materials=library."),
    Parameter(
      "material_override", .string, "One material of the library for all parts; with materials=library."),
    Parameter(
      "template", .string,
      "A .blend file whose camera and light replace the built-in studio: an absolute path, or one relative to the directory of the database."
    ),
    Parameter(
      "template_collection", .string,
      "The collection of the template that the model is put into; default: Product, made when it is not there."),
  ]

  /// - Parameters:
  ///   - samples: the default of the parameter.
  ///   - sides: allowed widths and heights in pixels.
  static func picture(samples: Int64, size: Int64, sides: ClosedRange<Int64>) -> [Parameter] {
    [
      Parameter("width", .integer(sides), "Width in pixels.", default: .integer(size)),
      Parameter("height", .integer(sides), "Height in pixels.", default: .integer(size)),
      Parameter(
        "engine", .choice(["cycles", "eevee", "workbench"]),
        "Blender's render engine; one that cannot run fails the job, it is never swapped.", default: .string("cycles")),
      Parameter(
        "samples", .integer(1...4096), "Most samples a pixel takes; clean areas stop earlier.",
        default: .integer(samples)),
      Parameter(
        "seed", .integer(0...2_147_483_647), "Of the noise; equal seeds give equal pictures.", default: .integer(0)),
      Parameter(
        "background", .choice(["transparent", "white", "template"]),
        "transparent; pure white; or what the template shows.", default: .string("transparent")),
      Parameter(
        "view_transform", .choice(["standard", "agx", "khronos_pbr_neutral"]),
        "How light becomes colour; the neutral one keeps the colours of the product.",
        default: .string("khronos_pbr_neutral")),
      Parameter(
        "cycles_device", .choice(["gpu", "cpu", "auto"]),
        "What Cycles runs on; default: render.cyclesDevice of the configuration."),
      Parameter(
        "faulty_picture", .choice(["fail", "warn"]),
        "What becomes of a picture that is empty, black or cropped.", default: .string("fail")),
      Parameter(
        "unresolved_material", .choice(["warn", "fail"]),
        "What becomes of a picture with parts in the failed material.", default: .string("warn")),
    ]
  }

  static let view: [Parameter] = [
    Parameter(
      "angle", .choice(StandardAngle.allCases.map(\.rawValue)), "Where the camera stands.",
      default: .string(StandardAngle.threeQuarter.rawValue)),
    Parameter(
      "azimuth_degrees", .number(-360...360),
      "Where the camera stands around the part: 0 in front, 90 at its right; overrides the angle."),
    Parameter(
      "elevation_degrees", .number(-90...90), "How high the camera stands: 90 above; overrides the angle."),
  ]
}

extension RenderParameters {
  /// What the schema cannot say.
  /// - Throws: ``JobFailure`` of class `invalid_input`.
  static func check(_ parameters: JSONValue, of step: StepName) throws {
    guard parameters["background"] == .string("template"), parameters["template"] == nil else { return }
    throw JobFailure(
      .invalidInput, "\(step) has background=template but no template; name one with the parameter 'template'.")
  }
}

/// The camera positions that every catalogue uses.
enum StandardAngle: String, CaseIterable {
  case front = "front_0deg"
  case right = "right_90deg"
  case back = "back_180deg"
  case left = "left_270deg"
  case top = "top_90deg"
  case threeQuarter = "three_quarter_45deg"

  var azimuthDegrees: Double {
    switch self {
    case .front, .top: 0
    case .right: 90
    case .back: 180
    case .left: 270
    case .threeQuarter: 45
    }
  }

  /// The side views stand a little above the ground, so that the top of the part and its shadow can be read.
  var elevationDegrees: Double {
    switch self {
    case .front, .right, .back, .left: 15
    case .top: 90
    case .threeQuarter: 30
    }
  }

  var view: JSONValue { Self.view(rawValue, azimuth: azimuthDegrees, elevation: elevationDegrees) }

  static func view(_ name: String, azimuth: Double, elevation: Double) -> JSONValue {
    .object([
      "name": .string(name), "azimuth_degrees": .number(azimuth), "elevation_degrees": .number(elevation),
    ])
  }

  /// What ``RenderParameters/view`` asks for.
  static func view(in parameters: JSONValue) -> JSONValue {
    let angle = parameters["angle"]?.stringValue.flatMap(StandardAngle.init(rawValue:)) ?? .threeQuarter
    let azimuth = parameters["azimuth_degrees"]?.numberValue
    let elevation = parameters["elevation_degrees"]?.numberValue
    guard azimuth != nil || elevation != nil else { return angle.view }
    return view("custom", azimuth: azimuth ?? angle.azimuthDegrees, elevation: elevation ?? angle.elevationDegrees)
  }
}
