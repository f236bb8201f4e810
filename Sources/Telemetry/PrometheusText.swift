/// Prometheus text format 0.0.4.
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

  /// The labels of a bucket: those of the series and `le`.
  static func labels(_ series: String, le bound: String) -> String {
    series.isEmpty ? "{le=\"\(bound)\"}" : series.dropLast() + ",le=\"\(bound)\"}"
  }

  /// Whole numbers without a fraction, everything else as short as it round-trips.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    if value == value.rounded(), abs(value) < 9e15 { return String(Int64(value)) }
    return String(value)
  }

  static func helpText(_ text: String) -> String { escaped(text, quotes: false) }

  private static func escaped(_ text: String, quotes: Bool = true) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 10 }) else {
      return text
    }
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.append(character)
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

extension MetricsRegistry {
  /// `Content-Type` of ``exposition()``.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// All metrics, families by name, series by labels: equal states give equal texts.
  package func exposition() -> String {
    var text = ""
    for (name, help, family) in snapshot() where !family.series.isEmpty {
      if let help { text += "# HELP \(name) \(PrometheusText.helpText(help))\n" }
      text += "# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        switch series {
        case .counter(let counter): text += "\(name)\(labels) \(PrometheusText.number(counter.number.value))\n"
        case .gauge(let gauge): text += "\(name)\(labels) \(PrometheusText.number(gauge.number.value))\n"
        case .histogram(let series): Self.write(series.histogram.snapshot(), name, labels, to: &text)
        }
      }
    }
    return text
  }

  private static func write(
    _ histogram: LatencyHistogram.Snapshot, _ name: String, _ labels: String, to text: inout String
  ) {
    for bucket in histogram.buckets {
      let bound = PrometheusText.number(bucket.upperBound)
      text += "\(name)_bucket\(PrometheusText.labels(labels, le: bound)) \(bucket.cumulativeCount)\n"
    }
    text += "\(name)_bucket\(PrometheusText.labels(labels, le: "+Inf")) \(histogram.count)\n"
    text += "\(name)_sum\(labels) \(PrometheusText.number(histogram.sum))\n"
    text += "\(name)_count\(labels) \(histogram.count)\n"
  }
}
