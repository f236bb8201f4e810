/// The members of a JSON object with the bytes of their values as they were written.
///
/// A decoder gives values; a result must be kept byte for byte (`1.0` stays `1.0`, integers of any size stay exact),
/// so this finds where the values stand. It accepts exactly RFC 8259.
struct JSONObjectLine {
  /// Deeper nesting is refused, so that a hostile line can't exhaust the stack.
  static let deepestNesting = 128

  /// Values by key; of equal keys the last counts. Keys that are written with escapes are not found.
  private(set) var members: [String: ArraySlice<UInt8>] = [:]

  /// Nil when the line is not one valid JSON object.
  init?(_ line: [UInt8]) {
    guard String(validating: line, as: UTF8.self) != nil else { return nil }
    var scanner = Scanner(bytes: line)
    scanner.skipSpace()
    let isObject = scanner.object(depth: 0) { key, value in
      members[String(decoding: line[key], as: UTF8.self)] = line[value]
    }
    guard isObject else { return nil }
    scanner.skipSpace()
    guard scanner.isAtEnd else { return nil }
  }
}

private struct Scanner {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func object(depth: Int, member: (_ key: Range<Int>, _ value: Range<Int>) -> Void) -> Bool {
    guard depth < JSONObjectLine.deepestNesting, take("{") else { return false }
    skipSpace()
    if take("}") { return true }
    repeat {
      skipSpace()
      let keyStart = position + 1
      guard string() else { return false }
      let key = keyStart..<(position - 1)
      skipSpace()
      guard take(":") else { return false }
      skipSpace()
      let valueStart = position
      guard value(depth: depth + 1) else { return false }
      member(key, valueStart..<position)
      skipSpace()
    } while take(",")
    return take("}")
  }

  private mutating func array(depth: Int) -> Bool {
    guard depth < JSONObjectLine.deepestNesting, take("[") else { return false }
    skipSpace()
    if take("]") { return true }
    repeat {
      skipSpace()
      guard value(depth: depth + 1) else { return false }
      skipSpace()
    } while take(",")
    return take("]")
  }

  private mutating func value(depth: Int) -> Bool {
    switch next {
    case UInt8(ascii: "{"): object(depth: depth) { _, _ in }
    case UInt8(ascii: "["): array(depth: depth)
    case UInt8(ascii: "\""): string()
    case UInt8(ascii: "t"): literal("true")
    case UInt8(ascii: "f"): literal("false")
    case UInt8(ascii: "n"): literal("null")
    default: number()
    }
  }

  private mutating func literal(_ word: StaticString) -> Bool {
    let matches = word.withUTF8Buffer { buffer in bytes[position...].starts(with: buffer) }
    if matches { position += word.utf8CodeUnitCount }
    return matches
  }

  private mutating func string() -> Bool {
    guard take("\"") else { return false }
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return true
      case UInt8(ascii: "\\"): guard escape() else { return false }
      case 0..<0x20: return false
      default: break
      }
    }
    return false
  }

  private mutating func escape() -> Bool {
    guard let byte = next else { return false }
    position += 1
    guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
    for _ in 0..<4 {
      guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit else { return false }
      position += 1
    }
    return true
  }

  private mutating func number() -> Bool {
    _ = take("-")
    if !take("0") {
      guard digits() else { return false }
    }
    if take("."), !digits() { return false }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      return digits()
    }
    return true
  }

  private mutating func digits() -> Bool {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position > start
  }
}
