extension String {
  /// With control characters, and those that reverse the direction of writing, as JSON escapes; line breaks and tabs
  /// stay. Names and messages come from producers and from files: they must not drive the terminal of who reads them.
  package var visible: String {
    guard unicodeScalars.contains(where: \.isInvisibleControl) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      guard scalar.isInvisibleControl else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isInvisibleControl: Bool {
    switch value {
    case 0x09, 0x0A: false
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
