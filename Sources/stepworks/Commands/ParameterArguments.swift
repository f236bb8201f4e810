import Foundation
import Jobs
import Queueing
import SystemPackage

/// The parameters of a job as they are given on the command line, typed and checked by the step's schema.
struct ParameterArguments {
  private let step: PublishedStep
  private var members: [String: JSONValue] = [:]

  /// - Parameters:
  ///   - json: the text of a JSON object.
  ///   - assignments: `key=value`, each stronger than `json`; for a list `key=a,b`, for a member of a map
  ///     `key.member=value`, for either also JSON.
  /// - Throws: ``CommandFailure`` with status `refused`.
  init(step: PublishedStep, json: String?, assignments: [String]) throws {
    self.step = step
    if let json {
      guard let object = (try? JSONValue(parsing: json))?.objectValue else {
        throw CommandFailure(
          .refused, "--parameters must be a JSON object such as {\"source\":\"part.step\"}, not \(json)")
      }
      members = object
    }
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      try assign(String(parts[1]), to: String(parts[0]))
    }
  }

  /// What is stored: what was given, and not the defaults, so that a job equals the same job inserted by plain SQL.
  /// - Parameter source: a path as it was typed.
  /// - Throws: ``CommandFailure``: `missingInput` when the file is not there, `refused` for the rest.
  func parameters(source: String?) throws -> JSONValue {
    var members = members
    if let source {
      guard step.parameters.allowsOthers || step.parameters.parameters.contains(where: { $0.name == "source" }) else {
        throw CommandFailure(.refused, "\(step.name) takes no source file; give its parameters with --parameter.")
      }
      members["source"] = .string(source)
    }
    if let text = members["source"]?.stringValue { members["source"] = .string(try Self.absolutePath(of: text)) }
    do {
      _ = try step.parameters.resolve(.object(members), for: step.name)
    } catch {
      throw CommandFailure(.refused, error.message)
    }
    return .object(members)
  }

  /// Relative to where the command runs; the worker may run elsewhere.
  private static func absolutePath(of source: String) throws -> String {
    guard !source.isEmpty else { throw CommandFailure(.refused, "The source is empty; name a file.") }
    let path = Settings.Surroundings.current.absolute(source).string
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw CommandFailure(.missingInput, "There is no file \(source).")
    }
    if isDirectory.boolValue { throw CommandFailure(.missingInput, "\(source) is a directory, not a file.") }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw CommandFailure(.missingInput, "\(source) cannot be read by this user.")
    }
    return path
  }

  private mutating func assign(_ text: String, to name: String) throws {
    if let parameter = parameter(named: name) {
      members[name] = try value(text, of: parameter)
    } else if let dot = name.firstIndex(of: "."), let map = parameter(named: String(name[..<dot])), case .map = map.kind
    {
      // All after the first dot: names of parts have dots too.
      var entries = members[map.name]?.objectValue ?? [:]
      entries[String(name[name.index(after: dot)...])] = .string(text)
      members[map.name] = .object(entries)
    } else {
      // resolve() names it when the step takes no others.
      members[name] = (try? JSONValue(parsing: text)) ?? .string(text)
    }
  }

  private func parameter(named name: String) -> Parameter? {
    step.parameters.parameters.first { $0.name == name }
  }

  private func value(_ text: String, of parameter: Parameter) throws -> JSONValue {
    let value: JSONValue? =
      switch parameter.kind {
      case .string, .choice: .string(text)
      case .boolean: Bool(text).map { .bool($0) }
      case .integer: Int64(text).map { .integer($0) }
      case .number: Int64(text).map { .integer($0) } ?? Double(text).flatMap { $0.isFinite ? .number($0) : nil }
      case .list where text.hasPrefix("["): try? JSONValue(parsing: text)
      case .list: .array(text.split(separator: ",").map { .string(String($0)) })
      case .map: (try? JSONValue(parsing: text)).flatMap { $0.objectValue == nil ? nil : $0 }
      }
    guard let value else {
      throw CommandFailure(
        .refused, "The parameter '\(parameter.name)' of \(step.name) must be \(parameter.expectation), not '\(text)'.")
    }
    return value
  }
}
