/// What a person pressed.
enum Key: Hashable {
  case character(Character)
  case up, down, pageUp, pageDown, home, end
  case enter, escape
  /// Ctrl-L.
  case redraw
}

/// Makes keys of what a terminal in raw mode sends.
struct KeyReader {
  /// The beginning of a sequence whose end has not come yet.
  private var pending: [UInt8] = []

  private static let escape: UInt8 = 0x1B
  private static let longestSequence = 16

  mutating func keys(in bytes: some Sequence<UInt8>) -> [Key] {
    var keys: [Key] = []
    for byte in bytes {
      guard !pending.isEmpty else {
        if byte == Self.escape { pending = [byte] } else if let key = Self.key(byte) { keys.append(key) }
        continue
      }
      pending.append(byte)
      // ESC [ 1 ; 5 A and ESC O A: parameters, then one final byte.
      if pending.count == 2 {
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") { continue }
        pending = byte == Self.escape ? [byte] : []
        keys.append(.escape)
        if pending.isEmpty, let key = Self.key(byte) { keys.append(key) }
      } else if (0x40...0x7E).contains(byte) || pending.count > Self.longestSequence {
        if let key = Self.sequence(pending.dropFirst(2)) { keys.append(key) }
        pending = []
      }
    }
    // The key Escape itself: what belongs together comes together.
    if pending == [Self.escape] {
      pending = []
      keys.append(.escape)
    }
    return keys
  }

  private static func key(_ byte: UInt8) -> Key? {
    switch byte {
    case 0x0A, 0x0D: .enter
    case 0x0C: .redraw
    case 0x20...0x7E: .character(Character(Unicode.Scalar(byte)))
    default: nil
    }
  }

  private static func sequence(_ bytes: ArraySlice<UInt8>) -> Key? {
    switch String(decoding: bytes, as: UTF8.self) {
    case "A": .up
    case "B": .down
    case "H", "1~", "7~": .home
    case "F", "4~", "8~": .end
    case "5~": .pageUp
    case "6~": .pageDown
    default: nil
    }
  }
}
