/// The parameters a step takes: the single place they are declared. Written to `steps.parameter_schema` as JSON Schema,
/// where the database checks plain SQL inserts against it.
package struct ParameterSchema: Sendable, Hashable {
  package var parameters: [Parameter]
  /// Whether keys that are not declared are let through.
  package var allowsOthers: Bool

  package init(_ parameters: [Parameter], allowsOthers: Bool = false) {
    self.parameters = parameters
    self.allowsOthers = allowsOthers
  }
}

/// One parameter of a step.
package struct Parameter: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case string
    case boolean
    case integer(ClosedRange<Int64>)
    case number(ClosedRange<Double>)
    case choice([String])
    /// An array of strings, none twice. `of`: the only ones there may be; `nil`: any.
    case list(of: [String]?, count: ClosedRange<Int>)
    /// An object whose members are strings.
    case map(count: ClosedRange<Int>)
  }

  package var name: String
  package var kind: Kind
  /// What it does, with its unit.
  package var summary: String
  package var isRequired: Bool
  package var defaultValue: JSONValue?

  package init(
    _ name: String, _ kind: Kind, _ summary: String, required: Bool = false, default defaultValue: JSONValue? = nil
  ) {
    self.name = name
    self.kind = kind
    self.summary = summary
    self.isRequired = required
    self.defaultValue = defaultValue
  }
}

extension ParameterSchema {
  /// The parameters with the defaults filled in.
  /// - Throws: ``JobFailure`` of class `invalid_input` that names the first parameter that is wrong.
  package func resolve(_ given: JSONValue, for step: StepName) throws(JobFailure) -> JSONValue {
    guard case .object(var members) = given else {
      throw JobFailure(
        .invalidInput, "The parameters of \(step) must be a JSON object, such as {\"source\":\"part.step\"}.")
    }
    // null is how a producer that fills every column says "not given".
    members = members.filter { $0.value != .null }
    if !allowsOthers, let unknown = members.keys.filter({ key in !parameters.contains { $0.name == key } }).min() {
      let known = parameters.map(\.name).sorted().joined(separator: ", ")
      throw JobFailure(
        .invalidInput, "\(step) has no parameter '\(unknown)'; it takes \(known.isEmpty ? "none" : known).")
    }
    for parameter in parameters {
      guard let value = members[parameter.name] else {
        if parameter.isRequired {
          throw JobFailure(.invalidInput, "\(step) needs the parameter '\(parameter.name)': \(parameter.summary)")
        }
        members[parameter.name] = parameter.defaultValue
        continue
      }
      guard parameter.accepts(value) else {
        throw JobFailure(
          .invalidInput,
          "The parameter '\(parameter.name)' of \(step) must be \(parameter.expectation), not \(value.text).")
      }
    }
    return .object(members)
  }

  /// As JSON Schema.
  package var jsonSchema: JSONValue {
    .object([
      "type": .string("object"),
      "additionalProperties": .bool(allowsOthers),
      "required": .array(parameters.filter(\.isRequired).map { .string($0.name) }),
      "properties": .object(Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.jsonSchema) })),
    ])
  }
}

extension Parameter {
  fileprivate func accepts(_ value: JSONValue) -> Bool {
    switch kind {
    case .string: value.stringValue != nil
    case .boolean: value.boolValue != nil
    case .integer(let range): value.integerValue.map(range.contains) ?? false
    case .number(let range): value.numberValue.map(range.contains) ?? false
    case .choice(let names): value.stringValue.map(names.contains) ?? false
    case .list(let names, let count): Self.isList(value, of: names, count: count)
    case .map(let count):
      value.objectValue.map { count.contains($0.count) && $0.values.allSatisfy { $0.stringValue != nil } } ?? false
    }
  }

  private static func isList(_ value: JSONValue, of names: [String]?, count: ClosedRange<Int>) -> Bool {
    guard let items = value.arrayValue?.map(\.stringValue) else { return false }
    return count.contains(items.count) && Set(items).count == items.count
      && items.allSatisfy { item in item.map { names?.contains($0) ?? true } ?? false }
  }

  /// What a right value looks like, in words.
  package var expectation: String {
    switch kind {
    case .string: "a string"
    case .boolean: "true or false"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .choice(let names): "one of \(names.joined(separator: ", "))"
    case .list(let names?, let count): "a list of \(Self.words(count)) of \(names.joined(separator: ", ")), none twice"
    case .list(nil, let count): "a list of \(Self.words(count)) strings, none twice"
    case .map(let count): "an object with \(Self.words(count)) members, each a string"
    }
  }

  private static func words(_ count: ClosedRange<Int>) -> String {
    count.lowerBound == count.upperBound ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
  }

  fileprivate var jsonSchema: JSONValue {
    var members: [String: JSONValue] = ["description": .string(summary)]
    if let defaultValue { members["default"] = defaultValue }
    switch kind {
    case .string:
      members["type"] = .string("string")
    case .boolean:
      members["type"] = .string("boolean")
    case .integer(let range):
      members["type"] = .string("integer")
      members["minimum"] = .integer(range.lowerBound)
      members["maximum"] = .integer(range.upperBound)
    case .number(let range):
      members["type"] = .string("number")
      members["minimum"] = .number(range.lowerBound)
      members["maximum"] = .number(range.upperBound)
    case .choice(let names):
      members["type"] = .string("string")
      members["enum"] = .array(names.map { .string($0) })
    case .list(let names, let count):
      var item: [String: JSONValue] = ["type": .string("string")]
      if let names { item["enum"] = .array(names.map { .string($0) }) }
      members["type"] = .string("array")
      members["items"] = .object(item)
      members["uniqueItems"] = .bool(true)
      members["minItems"] = .integer(Int64(count.lowerBound))
      members["maxItems"] = .integer(Int64(count.upperBound))
    case .map(let count):
      members["type"] = .string("object")
      members["additionalProperties"] = .object(["type": .string("string")])
      members["minProperties"] = .integer(Int64(count.lowerBound))
      members["maxProperties"] = .integer(Int64(count.upperBound))
    }
    return .object(members)
  }
}
