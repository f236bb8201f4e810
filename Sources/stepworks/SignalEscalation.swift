import ServiceLifecycle
import UnixSignals

/// SIGTERM or SIGINT drains; the second one hands back at once what still runs. SIGHUP reads the configuration again.
///
/// ServiceGroup's own signal handling swallows a second signal, so it is given none.
struct SignalEscalation: Service {
  /// Trapped from the start of the program on, so that a signal that comes early drains too.
  let signals: UnixSignalsSequence
  /// Whether SIGHUP says that the terminal at which somebody started the worker is gone. It drains then.
  let endsWithTerminal: Bool
  let drain: @Sendable () async -> Void
  let hurry: @Sendable () -> Void
  let reload: @Sendable () async -> Void

  func run() async throws {
    // Several that come during a reload are one.
    let (reloads, requests) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    // Not awaited: a file that can't be read to its end must not keep the worker from ending.
    let reloading = Task { [reload] in for await _ in reloads { await reload() } }
    defer { reloading.cancel() }
    var isDraining = false
    for await signal in signals.cancelOnGracefulShutdown() {
      if signal == .sighup, !endsWithTerminal {
        requests.yield()
      } else if !isDraining {
        isDraining = true
        await drain()
      } else if signal != .sighup {
        hurry()
      }
    }
  }
}
