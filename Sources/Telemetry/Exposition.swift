extension MetricsRegistry {
  /// All metrics, families by name, series by labels: equal states give equal texts.
  ///
  /// There are no `_created` lines: Prometheus would store each as a series of its own.
  package func exposition(_ format: ExpositionFormat = .text) -> String {
    var texts: [(name: String, text: String)] = []
    let now = now()
    for (name, description, family) in snapshot() {
      let series = family.series.sorted { $0.key < $1.key }
      var writer = ExpositionWriter(format: format, name: name, description: description, kind: family.kind)
      for (labels, one) in series { writer.write(one, labels) }
      texts.append((name, writer.text))
      guard let recent = description?.recent else { continue }
      var quantiles = ExpositionWriter(format: format, name: recent.name, description: recent, kind: .summary)
      for case (let labels, .histogram(let one)) in series {
        quantiles.write(one.window?.quantiles(of: one.histogram, at: now) ?? [], labels)
      }
      if !quantiles.isEmpty { texts.append((recent.name, quantiles.text)) }
    }
    let body = texts.sorted { $0.name < $1.name }.map(\.text).joined()
    return format == .openMetrics ? body + "# EOF\n" : body
  }
}

/// One family of an exposition.
private struct ExpositionWriter {
  private let name: String
  private(set) var text = ""
  private let headCount: Int

  init(format: ExpositionFormat, name: String, description: MetricDescription?, kind: MetricDescription.Kind) {
    self.name = name
    var family = name
    if format == .openMetrics, kind == .counter, name.hasSuffix("_total") { family.removeLast("_total".count) }
    if let help = description?.help { text += "# HELP \(family) \(PrometheusText.helpText(help, format))\n" }
    text += "# TYPE \(family) \(kind.rawValue)\n"
    if format == .openMetrics, let unit = description?.unit { text += "# UNIT \(family) \(unit)\n" }
    headCount = text.utf8.count
  }

  /// Whether there is nothing but the head.
  var isEmpty: Bool { text.utf8.count == headCount }

  mutating func write(_ series: MetricsRegistry.Series, _ labels: String) {
    switch series {
    case .counter(let counter): line("", labels, PrometheusText.number(counter.number.value))
    case .gauge(let gauge): line("", labels, PrometheusText.number(gauge.number.value))
    case .histogram(let series): write(series.histogram.snapshot(), labels)
    }
  }

  mutating func write(_ quantiles: [(quantile: Double, value: Double)], _ labels: String) {
    for (quantile, value) in quantiles {
      line("", PrometheusText.labels(labels, "quantile", PrometheusText.bound(quantile)), PrometheusText.number(value))
    }
  }

  private mutating func write(_ histogram: LatencyHistogram.Snapshot, _ labels: String) {
    for bucket in histogram.buckets {
      let bound = PrometheusText.bound(bucket.upperBound)
      line("_bucket", PrometheusText.labels(labels, "le", bound), String(bucket.cumulativeCount))
    }
    line("_bucket", PrometheusText.labels(labels, "le", "+Inf"), String(histogram.count))
    line("_sum", labels, PrometheusText.number(histogram.sum))
    line("_count", labels, String(histogram.count))
  }

  private mutating func line(_ suffix: String, _ labels: String, _ value: String) {
    text += name
    text += suffix
    text += labels
    text += " "
    text += value
    text += "\n"
  }
}
