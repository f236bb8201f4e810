import AsyncAlgorithms
import Jobs
import Queueing
import ServiceLifecycle
import Telemetry

/// Writes what a worker measured into `latency_histograms`, regularly and once more at its end.
///
/// What could not be written is kept for the next time. A worker that is killed takes at most an interval with it.
struct LatencyFlush: Service {
  let recorder: LatencyRecorder
  let queue: JobQueue
  let observer: any JobObserver
  var interval: Duration = .seconds(10)

  func run() async {
    var unwritten: [LatencyKey: LatencyDistribution] = [:]
    let ticks = AsyncTimerSequence(interval: interval, clock: .continuous)
    for await _ in ticks.cancelOnGracefulShutdown() { await flush(&unwritten) }
    await flush(&unwritten)
  }

  private func flush(_ unwritten: inout [LatencyKey: LatencyDistribution]) async {
    for (key, distribution) in recorder.take() { unwritten[key, default: LatencyDistribution()].add(distribution) }
    do {
      try await queue.recordLatencies(unwritten)
      unwritten = [:]
    } catch {
      observer.observe(
        .trouble("How long the last runs took could not be written, the worker keeps it and tries again: \(error)"))
    }
  }
}
