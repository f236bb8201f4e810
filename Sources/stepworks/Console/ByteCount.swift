/// Sizes as people write them.
enum ByteCount {
  /// `500`, `10kB`, `1.5 GB`, `2GiB`; `nil` for anything else, and for what is not at least one byte.
  static func parse(_ text: String) -> Int64? {
    let units: [String: Double] = [
      "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824,
      "tib": 1_099_511_627_776,
    ]
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    guard let number = Double(digits), let factor = units[unit] else { return nil }
    let bytes = (number * factor).rounded()
    return bytes >= 1 && bytes < 1e18 ? Int64(bytes) : nil
  }
}
