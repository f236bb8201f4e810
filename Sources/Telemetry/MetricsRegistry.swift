package import CoreMetrics
import Synchronization

/// Every metric of this process: the backend of swift-metrics, shown by ``exposition()``.
///
/// Handles are made once per set of labels and kept; making one takes a lock, using one does not. Labels are bounded
/// words (steps, queues, tools), never the id of a job.
package final class MetricsRegistry: MetricsFactory {
  /// What a metric is, for the people who read the exposition.
  package struct Description: Sendable, Hashable {
    package let name: String
    package let help: String
    package let scale: HistogramScale?

    /// - Parameter scale: of a histogram that holds something else than its kind usually does.
    package init(_ name: String, _ help: String, scale: HistogramScale? = nil) {
      self.name = name
      self.help = help
      self.scale = scale
    }
  }

  enum Kind: String {
    case counter, gauge, histogram
  }

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

  private let descriptions: [String: Description]
  private let families = Mutex<[String: Family]>([:])

  package init(descriptions: [Description] = JobMetrics.descriptions) {
    self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Forgets the series of a metric that are not among these: what a gauge says about a queue that is gone.
  package func keepOnly(_ dimensions: [[(String, String)]], of name: String) {
    let kept = Set(dimensions.map(PrometheusText.labels))
    families.withLock { families in
      guard let series = families[name]?.series, series.keys.contains(where: { !kept.contains($0) }) else { return }
      families[name]?.series = series.filter { kept.contains($0.key) }
    }
  }

  /// For what is read when it is asked for.
  package func setGauge(_ name: String, _ dimensions: [(String, String)], _ value: Double) {
    gauge(name, dimensions).set(value)
  }

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

  /// The families by name, with what is known of them.
  func snapshot() -> [(name: String, help: String?, family: Family)] {
    families.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, descriptions[$0.key]?.help, $0.value) }
  }

  private func counter(_ name: String, _ dimensions: [(String, String)]) -> CounterSeries {
    guard case .counter(let found) = series(name, dimensions, .counter, { .counter(CounterSeries()) }) else {
      return CounterSeries()  // recorded, not shown: the name belongs to a metric of another kind
    }
    return found
  }

  private func gauge(_ name: String, _ dimensions: [(String, String)]) -> GaugeSeries {
    guard case .gauge(let found) = series(name, dimensions, .gauge, { .gauge(GaugeSeries()) }) else {
      return GaugeSeries()  // as above
    }
    return found
  }

  private func histogram(
    _ name: String, _ dimensions: [(String, String)], _ usualScale: HistogramScale
  ) -> HistogramSeries {
    let scale = descriptions[name]?.scale ?? usualScale
    let made = series(name, dimensions, .histogram) { .histogram(HistogramSeries(scale: scale)) }
    guard case .histogram(let found) = made else { return HistogramSeries(scale: scale) }  // as above
    return found
  }

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
      }
      let new = make()
      families[name, default: Family(kind: kind)].series[labels] = new
      return new
    }
  }
}
