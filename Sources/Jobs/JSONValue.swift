#if canImport(FoundationEssentials)
  package import FoundationEssentials
#else
  package import Foundation
#endif

/// Any JSON value. Parameters and results are JSON objects of the steps' own making: only the step knows their shape.
package enum JSONValue: Hashable, Sendable, Codable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value) where !value.isFinite: try container.encodeNil()  // JSON has no word for it
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

/// A text that is no JSON, or none that can be read here: SQLite lets a few things pass that JSON does not allow.
package struct JSONTextError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description = "it is not JSON that can be read"
}

extension JSONValue {
  /// - Throws: ``JSONTextError`` when the text is not one JSON value.
  package init(parsing text: String) throws {
    // Most jobs that come in tens of thousands have none: a decoder costs more than the rest of a claim.
    self = text == "{}" ? .object([:]) : try JSONValue(parsing: Data(text.utf8))
  }

  /// - Throws: ``JSONTextError`` when the text is not one JSON value.
  package init(parsing data: Data) throws {
    do {
      self = try JSONDecoder().decode(JSONValue.self, from: data)
    } catch {
      throw JSONTextError()
    }
  }

  /// Compact text with sorted keys: equal values have equal texts. A NaN or an infinity becomes null.
  package var text: String {
    if self == .object([:]) { return "{}" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Every case can be encoded, see encode(to:).
    guard let data = try? encoder.encode(self) else { preconditionFailure("a JSON value has a text") }
    return String(decoding: data, as: UTF8.self)
  }

  package subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
  package var objectValue: [String: JSONValue]? { if case .object(let value) = self { value } else { nil } }
  package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  package var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }

  /// A whole or a fractional number.
  package var numberValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
