@preconcurrency import Dispatch
import Glibc
import Synchronization

/// SIGTERM and SIGINT end a worker that is not ready yet: nothing runs that could be drained, while a migration or the lock
/// of another program may keep it from becoming ready for as long as they take.
final class EarlyStop: Sendable {
  /// Empty when a signal is somebody else's.
  private let sources = Mutex<[any DispatchSourceSignal]>([])

  /// - Parameter onStop: ends the process.
  init(onStop: @escaping @Sendable () -> Void) {
    // Not a task: those may all hang.
    let queue = DispatchQueue(label: "stepworks.early-stop")
    sources.withLock { sources in
      for signal in [SIGTERM, SIGINT] {
        let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
        source.setEventHandler { [self] in self.sources.withLock { if !$0.isEmpty { onStop() } } }
        source.activate()
        sources.append(source)
      }
    }
  }

  /// The worker can drain from here on.
  func end() {
    sources.withLock { sources in
      for source in sources { source.cancel() }
      sources = []
    }
  }
}
