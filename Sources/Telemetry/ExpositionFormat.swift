/// In which text metrics are shown.
package enum ExpositionFormat: Sendable, Hashable, CaseIterable {
  /// Prometheus text format 0.0.4.
  case text
  /// OpenMetrics 1.0.
  case openMetrics

  package var contentType: String {
    switch self {
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }

  /// The one that a client likes best, by RFC 9110; the text format where it likes both equally without naming
  /// OpenMetrics, and where it likes neither: whoever asks for metrics can read that.
  /// - Parameter accept: the values of the `Accept` fields of the request.
  package init(accept: [String]) {
    let ranges = accept.flatMap { $0.split(separator: ",") }.compactMap(MediaRange.init)
    let text = ranges.quality(of: "text/plain", versions: ["0.0.4"])
    let openMetrics = ranges.quality(of: "application/openmetrics-text", versions: ["1.0.0"])
    let isNamed = openMetrics.specificity > 1
    let isBetter = openMetrics.quality > text.quality || (isNamed && openMetrics.quality == text.quality)
    self = openMetrics.quality > 0 && isBetter ? .openMetrics : .text
  }
}

/// `application/openmetrics-text;version=1.0.0;q=0.5`
private struct MediaRange {
  let type: String
  let version: String?
  /// 0…1
  let quality: Double

  init?(_ text: Substring) {
    let parts = text.split(separator: ";").map { part in
      String(part.filter { !$0.isWhitespace && $0 != "\"" }).lowercased()
    }
    guard let type = parts.first, type.contains("/") else { return nil }
    self.type = type
    func value(of name: String) -> String? {
      parts.dropFirst().first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
    version = value(of: "version")
    quality = value(of: "q").map { min(max(Double($0) ?? 0, 0), 1) } ?? 1
  }

  /// How closely it names the type; nil: it does not.
  func specificity(for type: String, versions: [String]) -> Int? {
    if let version, !versions.contains(version) { return nil }
    if self.type == type { return version == nil ? 2 : 3 }
    if self.type == String(type.prefix { $0 != "/" }) + "/*" { return 1 }
    return self.type == "*/*" ? 0 : nil
  }
}

extension [MediaRange] {
  /// What the range says that names the type most closely; 0 where none does.
  func quality(of type: String, versions: [String]) -> (quality: Double, specificity: Int) {
    var best = (quality: 0.0, specificity: -1)
    for range in self {
      guard let specificity = range.specificity(for: type, versions: versions) else { continue }
      if (specificity, range.quality) > (best.specificity, best.quality) { best = (range.quality, specificity) }
    }
    return best
  }
}
