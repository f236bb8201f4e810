/// How many columns text takes on a terminal: close to what terminals do, not exact for every emoji.
enum TextWidth {
  static func columns(of text: String) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

  static func columns(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    // However many an emoji is put together of: flags, families, colours of skin.
    if scalars.first?.properties.isEmojiPresentation == true || scalars.contains("\u{FE0F}") { return 2 }
    return scalars.reduce(0) { $0 + columns(of: $1) }
  }

  private static func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format: 0
    // Vowels and finals of Hangul stand in the column of what they follow.
    case _ where (0x1160...0x11FF).contains(scalar.value): 0
    default: isWide(scalar.value) ? 2 : 1
    }
  }

  /// Cut to `width` columns, with an ellipsis where something is missing.
  static func truncated(_ text: String, to width: Int) -> String {
    guard columns(of: text) > width else { return text }
    guard width > 0 else { return "" }
    var result = ""
    var used = 0
    for character in text {
      let columns = columns(of: character)
      if used + columns > width - 1 { break }
      used += columns
      result.append(character)
    }
    return result + "…"
  }

  /// Cut to `width` columns with the ellipsis inside, a little to the right: `a-very-long-na…rev-B.step`.
  static func truncatedInside(_ text: String, to width: Int) -> String {
    guard columns(of: text) > width else { return text }
    guard width > 4 else { return truncated(text, to: width) }
    let tail = String(truncated(String(text.reversed()), to: width * 2 / 5).dropLast().reversed())
    return truncated(text, to: width - columns(of: tail)) + tail
  }

  /// In lines of at most `width` columns, broken at spaces where there are any.
  static func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var rest = Substring(text)
    while columns(of: String(rest)) > max(1, width) {
      var used = 0
      let end = rest.firstIndex { character in
        used += columns(of: character)
        return used > max(1, width)
      }
      guard var end, end > rest.startIndex else { break }
      // Spaces that indent are no place to break.
      let indent = rest.firstIndex { $0 != " " } ?? rest.startIndex
      if rest[end] != " ", let space = rest[..<end].lastIndex(of: " "), space > indent { end = space }
      lines.append(String(rest[..<end]))
      rest = rest[end...].drop { $0 == " " }
    }
    return lines + [String(rest)]
  }

  static func padded(_ text: String, to width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - columns(of: text)))
    return right ? space + text : text + space
  }

  /// East Asian wide and fullwidth, and the emoji blocks; emoji elsewhere tell themselves.
  private static func isWide(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
      0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
