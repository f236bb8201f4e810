import CoreMetrics
import Synchronization

/// The handles of one metric, made once for each set of labels.
final class MetricHandles<Handle: Sendable>: Sendable {
  private let metric: MetricDescription
  private let make: @Sendable (_ name: String, _ dimensions: [(String, String)]) -> Handle
  /// How many are kept; what has more labels is refused by the registry anyway.
  private static var maximum: Int { 2 * MetricsRegistry.maximumSeries }
  private let handles = Mutex<[[String]: Handle]>([:])

  init(
    _ metric: MetricDescription,
    _ make: @escaping @Sendable (_ name: String, _ dimensions: [(String, String)]) -> Handle
  ) {
    self.metric = metric
    self.make = make
  }

  /// - Parameter labels: their values, in the order of the description.
  subscript(labels: String...) -> Handle {
    handles.withLock { handles in
      if let known = handles[labels] { return known }
      let new = make(metric.name, Array(zip(metric.labels, labels)))
      if handles.count < Self.maximum { handles[labels] = new }
      return new
    }
  }
}

extension MetricsFactory {
  func counters(_ metric: MetricDescription) -> MetricHandles<Counter> {
    MetricHandles(metric) { Counter(label: $0, dimensions: $1, factory: self) }
  }

  func floatingPointCounters(_ metric: MetricDescription) -> MetricHandles<FloatingPointCounter> {
    MetricHandles(metric) { FloatingPointCounter(label: $0, dimensions: $1, factory: self) }
  }

  func timers(_ metric: MetricDescription) -> MetricHandles<Timer> {
    MetricHandles(metric) { Timer(label: $0, dimensions: $1, factory: self) }
  }

  func meters(_ metric: MetricDescription) -> MetricHandles<Meter> {
    MetricHandles(metric) { Meter(label: $0, dimensions: $1, factory: self) }
  }

  func recorders(_ metric: MetricDescription) -> MetricHandles<Recorder> {
    MetricHandles(metric) { Recorder(label: $0, dimensions: $1, aggregate: true, factory: self) }
  }
}
