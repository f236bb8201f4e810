import ServiceLifecycle
import UnixSignals

/// SIGTERM or SIGINT drains; the second one hands back at once what still runs. SIGHUP reads the configuration again.
///
/// ServiceGroup's own signal handling swallows a second signal, so it is given none.
struct SignalEscalation: Service {
  /// Trapped from the start of the program on, so that a signal that comes early drains too.
  let signals: UnixSignalsSequence
  let drain: @Sendable () async -> Void
  let hurry: @Sendable () -> Void
  let reload: @Sendable () async -> Void

  func run() async throws {
    var isDraining = false
    for await signal in signals.cancelOnGracefulShutdown() {
      if signal == .sighup {
        await reload()
      } else if isDraining {
        hurry()
      } else {
        isDraining = true
        await drain()
      }
    }
  }
}
