import Jobs
import Logging

/// One entry of the log, ready to be written. Fields come in the order step, job, attempt, fence, then by name.
struct LogLine {
  let time: Timestamp
  let level: Logger.Level
  let message: String
  let fields: Logger.Metadata

  var text: String {
    let pad = String(repeating: " ", count: max(1, 9 - level.rawValue.utf8.count))
    return "\(time.iso8601) \(level.rawValue)\(pad)\(body(indent: "  "))\n"
  }

  /// For journald by way of standard error, which adds the time: each line begins with its priority, sd-daemon(3).
  var prefixed: String {
    let priority = "<\(level.journalPriority)>"
    return "\(priority)\(body(indent: "\(priority)  "))\n"
  }

  /// Message and fields, without a line feed at the end. The step is left out: the message begins with it.
  func body(indent: String) -> String {
    var line = message.visible.replacing("\n", with: "\n" + indent)
    for (index, key) in orderedKeys.filter({ $0 != "step" }).enumerated() {
      line += index == 0 ? "  " : " "
      line += "\(key)=\(Self.quotedIfNeeded(fields[key].map { "\($0)" } ?? ""))"
    }
    return line
  }

  var json: String {
    var members = [
      "\"time\":\"\(time.iso8601)\"", "\"level\":\"\(level.rawValue)\"", "\"message\":\(Self.quoted(message))",
    ]
    for key in orderedKeys {
      if let value = fields[key] { members.append("\(Self.quoted(key)):\(Self.json(value))") }
    }
    return "{" + members.joined(separator: ",") + "}\n"
  }

  private var orderedKeys: [String] {
    let first = ["step", "job", "attempt", "fence"]
    return first.filter { fields[$0] != nil } + fields.keys.filter { !first.contains($0) }.sorted()
  }

  private static func quotedIfNeeded(_ value: String) -> String {
    let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\"") }
    return isPlain ? value.visible : quoted(value).visible
  }

  private static func json(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): quoted(text)
    case .stringConvertible(let number as Int): String(number)
    case .stringConvertible(let number as Int64): String(number)
    case .stringConvertible(let number as Double) where number.isFinite: String(number)
    case .stringConvertible(let other): quoted("\(other)")
    case .array(let elements): "[" + elements.map(json).joined(separator: ",") + "]"
    case .dictionary(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(json($0.value))" }.joined(separator: ",")
        + "}"
    }
  }

  /// As a JSON string.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{00}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
