/// Words and numbers as the text format 0.0.4 and OpenMetrics 1.0 write them.
enum PrometheusText {
  /// Other characters than the format allows become `_`.
  static func metricName(_ name: String) -> String {
    let isValid = name.utf8.allSatisfy(isNameByte)
    return isValid ? name : String(name.map { $0.isASCII && $0.utf8.allSatisfy(isNameByte) ? $0 : "_" })
  }

  /// `{queue="cad",state="available"}` in the order of the names; empty for no labels.
  static func labels(_ dimensions: [(String, String)]) -> String {
    if dimensions.isEmpty { return "" }
    let pairs = dimensions.sorted { $0.0 < $1.0 }.map { "\(metricName($0.0))=\"\(escaped($0.1))\"" }
    return "{" + pairs.joined(separator: ",") + "}"
  }

  /// The labels of a bucket or quantile: those of the series and `le` or `quantile`.
  static func labels(_ series: String, _ name: String, _ value: String) -> String {
    series.isEmpty ? "{\(name)=\"\(value)\"}" : series.dropLast() + ",\(name)=\"\(value)\"}"
  }

  /// A value: whole numbers without a fraction, everything else as short as it round-trips.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if value == value.rounded(), abs(value) < 9e15 { return String(Int64(value)) }
    return String(value)
  }

  /// A number within a label, in the one form that OpenMetrics allows, and in which Prometheus 3 keeps all: as Go's
  /// `%g` prints it, with a point (`1.0`, `0.00048828125`, `6.103515625e-05`, `1.048576e+06`). Equal in both formats, so a scraper that
  /// changes the format meets the same series.
  static func bound(_ value: Double) -> String {
    guard value.isFinite else { return number(value) }
    let magnitude = abs(value)
    guard magnitude >= 1e6 || (magnitude > 0 && magnitude < 1e-4) else { return String(value) }
    var exponent = 0
    var digits = String(magnitude)
    if let mark = digits.firstIndex(of: "e") {
      exponent = Int(digits[digits.index(after: mark)...]) ?? 0
      digits = String(digits[..<mark])
    }
    // d.ddd × 10^exponent, from digits with the point anywhere
    let point = digits.firstIndex(of: ".").map { digits.distance(from: digits.startIndex, to: $0) } ?? digits.count
    let all = digits.filter { $0 != "." }
    let leading = all.prefix { $0 == "0" }.count
    exponent += point - 1 - leading
    var mantissa = String(all.dropFirst(leading))
    while mantissa.count > 1, mantissa.last == "0" { mantissa.removeLast() }
    let fraction = mantissa.dropFirst()
    let power = String(abs(exponent))
    return (value < 0 ? "-" : "") + mantissa.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
      + (exponent < 0 ? "e-" : "e+") + (power.count < 2 ? "0" : "") + power
  }

  static func helpText(_ text: String, _ format: ExpositionFormat) -> String {
    escaped(text, quotes: format == .openMetrics)
  }

  private static func escaped(_ text: String, quotes: Bool = true) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 10 }) else {
      return text
    }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
      true
    default: false
    }
  }
}
