/// Why a text is not JSON, and where.
package struct JSONTextError: Error, Sendable, Hashable, CustomStringConvertible {
  package var reason: String
  /// In bytes from the start of the text.
  package var offset: Int

  package var description: String { "it is not JSON that can be read: \(reason) at byte \(offset)" }
}

/// Reads one JSON value from UTF-8. Every claimed job passes here: JSONDecoder takes twenty times as long.
///
/// As forgiving as SQLite's `json_valid`, so that what a producer could insert can be read: control characters in
/// strings pass, half of a surrogate pair becomes U+FFFD.
struct JSONReader {
  /// SQLite allows 2000; the recursion here has to fit on the stack of a task.
  static let maximumDepth = 500

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func read() throws(JSONTextError) -> JSONValue {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw unexpected() }
    return value
  }

  private mutating func value() throws(JSONTextError) -> JSONValue {
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try nested { reader throws(JSONTextError) in try reader.object() }
    case UInt8(ascii: "["): return try nested { reader throws(JSONTextError) in try reader.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ read: (inout Self) throws(JSONTextError) -> JSONValue
  ) throws(JSONTextError) -> JSONValue {
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw JSONTextError(reason: "more than \(Self.maximumDepth) levels deep", offset: position)
    }
    position += 1
    skipSpace()
    let value = try read(&self)
    position += 1
    depth -= 1
    return value
  }

  /// Ends at the closing brace.
  private mutating func object() throws(JSONTextError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    while current != UInt8(ascii: "}") {
      if !members.isEmpty { try take(UInt8(ascii: ",")) }
      skipSpace()
      let key = try string()
      skipSpace()
      try take(UInt8(ascii: ":"))
      members[key] = try value()
      skipSpace()
    }
    return .object(members)
  }

  private mutating func array() throws(JSONTextError) -> JSONValue {
    var elements: [JSONValue] = []
    while current != UInt8(ascii: "]") {
      if !elements.isEmpty { try take(UInt8(ascii: ",")) }
      elements.append(try value())
      skipSpace()
    }
    return .array(elements)
  }

  private mutating func string() throws(JSONTextError) -> String {
    try take(UInt8(ascii: "\""))
    let start = position
    var hasEscapes = false
    while let byte = current, byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        position += 1
      }
      position += 1
    }
    guard position < bytes.count else { throw unexpected() }
    let raw = bytes[start..<position]
    position += 1
    guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    return try unescaped(raw)
  }

  private func unescaped(_ raw: Slice<UnsafeBufferPointer<UInt8>>) throws(JSONTextError) -> String {
    var units: [UInt8] = []
    units.reserveCapacity(raw.count)
    var index = raw.startIndex
    while index < raw.endIndex {
      guard raw[index] == UInt8(ascii: "\\") else {
        units.append(raw[index])
        index += 1
        continue
      }
      let escape = raw[index + 1]
      index += 2
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(escape)
      case UInt8(ascii: "b"): units.append(0x08)
      case UInt8(ascii: "f"): units.append(0x0C)
      case UInt8(ascii: "n"): units.append(0x0A)
      case UInt8(ascii: "r"): units.append(0x0D)
      case UInt8(ascii: "t"): units.append(0x09)
      case UInt8(ascii: "u"):
        var codeUnits = [try codeUnit(raw, at: index)]
        index += 4
        if UTF16.isLeadSurrogate(codeUnits[0]), index + 6 <= raw.endIndex, raw[index] == UInt8(ascii: "\\"),
          raw[index + 1] == UInt8(ascii: "u")
        {
          let trail = try codeUnit(raw, at: index + 2)
          if UTF16.isTrailSurrogate(trail) {
            codeUnits.append(trail)
            index += 6
          }
        }
        units.append(contentsOf: String(decoding: codeUnits, as: UTF16.self).utf8)
      default: throw JSONTextError(reason: "an unknown escape", offset: index - 1)
      }
    }
    return String(decoding: units, as: UTF8.self)
  }

  private func codeUnit(_ raw: Slice<UnsafeBufferPointer<UInt8>>, at index: Int) throws(JSONTextError) -> UInt16 {
    guard index + 4 <= raw.endIndex,
      raw[index..<index + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: raw[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw JSONTextError(reason: "\\u without four hexadecimal digits", offset: index) }
    return unit
  }

  private mutating func number() throws(JSONTextError) -> JSONValue {
    let start = position
    if current == UInt8(ascii: "-") { position += 1 }
    let integerStart = position
    try digits()
    if bytes[integerStart] == UInt8(ascii: "0"), position > integerStart + 1 {
      throw JSONTextError(reason: "a number with a leading zero", offset: start)
    }
    var isWhole = true
    if current == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try digits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONTextError(reason: "a number that is too large", offset: start)
    }
    return Int64(exactly: value).map { .integer($0) } ?? .number(value)
  }

  private mutating func digits() throws(JSONTextError) {
    let start = position
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    guard position > start else { throw unexpected() }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONTextError) -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count,
      bytes[position..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { throw unexpected() }
    position = end
    return value
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) throws(JSONTextError) {
    guard current == byte else { throw unexpected() }
    position += 1
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func unexpected() -> JSONTextError {
    guard position < bytes.count else { return JSONTextError(reason: "an early end", offset: bytes.count) }
    return JSONTextError(reason: "an unexpected character", offset: position)
  }
}

/// Writes the one compact text of a value: sorted keys, nothing escaped that need not be.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .number(let value): write(value)
    case .string(let value): write(value)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(member.key)
        bytes.append(UInt8(ascii: ":"))
        write(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private mutating func write(_ number: Double) {
    if let whole = Int64(exactly: number) {
      bytes += String(whole).utf8
    } else {
      // JSON has no word for a NaN or an infinity.
      bytes += (number.isFinite ? number.description : "null").utf8
    }
  }

  private mutating func write(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0..<0x20: bytes += "\\u00\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
