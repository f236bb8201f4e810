package import CoreMetrics
import Synchronization

/// Every metric of this process: the backend of swift-metrics, shown by ``exposition(_:)``.
///
/// Handles are made once per set of labels and kept; making one takes a lock, using one does not. Labels are bounded
/// words (steps, queues, tools), never the id of a job; should they not be, the number of series is.
package final class MetricsRegistry: MetricsFactory {
  typealias Kind = MetricDescription.Kind

  enum Series {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)

    var kind: Kind {
      switch self {
      case .counter: .counter
      case .gauge: .gauge
      case .histogram: .histogram
      }
    }
  }

  struct Family {
    let kind: Kind
    /// By their labels as they are shown: `{queue="cad"}`.
    var series: [String: Series] = [:]
  }

  /// How many series a metric may have; a histogram holds 30 KB each. More are recorded and not shown.
  static let maximumSeries = 500
  static let maximumHistograms = 200

  private let descriptions: [String: MetricDescription]
  private let families = Mutex<[String: Family]>([:])
  private let refused = CounterSeries()
  /// What is recorded and not shown, for all together: refusing a series must not cost the memory of one.
  private let hidden = (
    counter: CounterSeries(), gauge: GaugeSeries(), histogram: HistogramSeries(scale: .counts, since: nil)
  )
  let now: @Sendable () -> ContinuousClock.Instant

  /// - Parameter now: for the quantiles of the last minutes.
  package init(
    descriptions: [MetricDescription] = Metric.all,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }) { first, _ in first }
    self.now = now
    families.withLock { families in
      families[Metric.refusedSeries.name] = Family(kind: .counter, series: ["": .counter(refused)])
    }
  }

  /// Sets all series of a counter or gauge whose numbers are kept elsewhere: what is not among them is gone.
  /// - Parameter values: the values of the labels, in the order of the description.
  package func replace(_ metric: MetricDescription, _ values: [(labels: [String], value: Double)]) {
    var series: [String: Series] = [:]
    for (labels, value) in values.prefix(Self.maximumSeries) {
      precondition(labels.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
      let key = PrometheusText.labels(Array(zip(metric.labels, labels)))
      switch metric.kind {
      case .counter: series[key] = .counter(CounterSeries(value))
      case .gauge: series[key] = .gauge(GaugeSeries(value))
      case .histogram, .summary: preconditionFailure("\(metric.name) is no single number")
      }
    }
    refused.increment(by: Int64(max(0, values.count - Self.maximumSeries)))
    families.withLock { $0[metric.name] = Family(kind: metric.kind, series: series) }
  }

  /// Of a metric without labels.
  package func replace(_ metric: MetricDescription, _ value: Double) { replace(metric, [([], value)]) }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    counter(label, dimensions)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    counter(label, dimensions)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    gauge(label, dimensions)
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    aggregate ? histogram(label, dimensions, .counts) : gauge(label, dimensions)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions, .seconds)
  }

  // A series stays for as long as the process lives: a counter that vanished and came back would look like a restart.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}

  /// The families that have series, in no order, with what is known of them.
  func snapshot() -> [(name: String, description: MetricDescription?, family: Family)] {
    families.withLock { $0 }.filter { !$0.value.series.isEmpty }.map { ($0.key, descriptions[$0.key], $0.value) }
  }

  private func counter(_ name: String, _ dimensions: [(String, String)]) -> CounterSeries {
    // The ending is part of the format.
    let name = name.hasSuffix("_total") ? name : name + "_total"
    guard case .counter(let found) = series(name, dimensions, .counter, { .counter(CounterSeries()) }) else {
      return hidden.counter
    }
    return found
  }

  private func gauge(_ name: String, _ dimensions: [(String, String)]) -> GaugeSeries {
    guard case .gauge(let found) = series(name, dimensions, .gauge, { .gauge(GaugeSeries()) }) else {
      return hidden.gauge
    }
    return found
  }

  private func histogram(
    _ name: String, _ dimensions: [(String, String)], _ usualScale: HistogramScale
  ) -> HistogramSeries {
    let description = descriptions[name]
    let scale = description?.scale ?? usualScale
    let made = series(name, dimensions, .histogram) {
      .histogram(HistogramSeries(scale: scale, since: description?.recentName == nil ? nil : now()))
    }
    guard case .histogram(let found) = made else { return hidden.histogram }
    return found
  }

  /// - Returns: `nil` when the name belongs to a metric of another kind, or that metric has the most it may have.
  private func series(
    _ name: String, _ dimensions: [(String, String)], _ kind: Kind, _ make: () -> Series
  ) -> Series? {
    let name = PrometheusText.metricName(name)
    let labels = PrometheusText.labels(dimensions)
    return families.withLock { families in
      if let family = families[name] {
        guard family.kind == kind else {
          assertionFailure("\(name) is a \(family.kind.rawValue) and a \(kind.rawValue)")
          return nil
        }
        if let known = family.series[labels] { return known }
        guard family.series.count < (kind == .histogram ? Self.maximumHistograms : Self.maximumSeries) else {
          refused.increment(by: Int64(1))
          return nil
        }
      }
      let new = make()
      families[name, default: Family(kind: kind)].series[labels] = new
      return new
    }
  }
}
