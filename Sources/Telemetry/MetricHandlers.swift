import CoreMetrics
import Synchronization

/// A number that threads add to without a lock.
final class AtomicDouble: Sendable {
  private let bits: Atomic<UInt64>

  init(_ value: Double = 0) { bits = Atomic(value.bitPattern) }

  var value: Double {
    get { Double(bitPattern: bits.load(ordering: .relaxed)) }
    set { bits.store(newValue.bitPattern, ordering: .relaxed) }
  }

  func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (exchanged, original) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = original
    }
  }
}

/// A counter; what would make it smaller is ignored.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
  let number: AtomicDouble

  init(_ value: Double = 0) { number = AtomicDouble(value) }

  func increment(by amount: Int64) { increment(by: Double(amount)) }
  func increment(by amount: Double) { if amount > 0 { number.add(amount) } }
  func reset() { number.value = 0 }
}

/// A gauge: the last value that was set.
final class GaugeSeries: MeterHandler, RecorderHandler {
  let number: AtomicDouble

  init(_ value: Double = 0) { number = AtomicDouble(value) }

  func set(_ value: Int64) { number.value = Double(value) }
  func set(_ value: Double) { number.value = value }
  func increment(by amount: Double) { number.add(amount) }
  func decrement(by amount: Double) { number.add(-amount) }
  func record(_ value: Int64) { number.value = Double(value) }
  func record(_ value: Double) { number.value = value }
}

/// A distribution: timers come in nanoseconds and are shown in seconds.
final class HistogramSeries: TimerHandler, RecorderHandler {
  let histogram: LatencyHistogram
  /// Of those that are shown as quantiles too.
  let window: LatencyWindow?

  /// - Parameter since: when the window begins; `nil`: there is none.
  init(scale: HistogramScale, since: ContinuousClock.Instant?) {
    histogram = LatencyHistogram(scale: scale)
    window = since.map { LatencyWindow(since: $0) }
  }

  func recordNanoseconds(_ duration: Int64) { histogram.record(Double(duration) / 1e9) }
  func preferDisplayUnit(_ unit: TimeUnit) {}  // Prometheus wants seconds
  func record(_ value: Int64) { histogram.record(Double(value)) }
  func record(_ value: Double) { histogram.record(value) }
}
