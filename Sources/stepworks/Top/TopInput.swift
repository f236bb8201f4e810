import Dispatch
import Glibc
import Queueing
import Synchronization

/// What wakes a live view: keys, a new size, commits, the time. Whatever comes while it draws is one wake-up.
final class TopInput: Sendable {
  struct Events {
    var keys: [Key] = []
    var mustLook = true
    /// Ctrl-Z.
    var isSuspended = false
    /// After any stop.
    var isContinued = false
    /// What came of something that was asked for.
    var notice: String?
  }

  let wakeUps: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let events = Mutex(Events())
  private let keyReader = Mutex(KeyReader())
  /// Touched by ``start()`` alone, which is called once.
  private nonisolated(unsafe) var handlers: [any DispatchSourceProtocol] = []
  private let screen: Screen

  /// - Parameter screen: given back before a signal ends this process.
  init(screen: Screen) {
    self.screen = screen
    (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// What came since the last call.
  func take() -> Events {
    events.withLock { events in
      defer {
        events = Events()
        events.mustLook = false
      }
      return events
    }
  }

  func mustLook() { tell { $0.mustLook = true } }

  func notice(_ sentence: String) {
    tell {
      $0.notice = sentence
      $0.mustLook = true
    }
  }

  /// From now on signals do not do by themselves what they do to other programs.
  func start() {
    let queue = DispatchQueue(label: "stepworks.terminal")
    func on(_ number: Int32, _ act: @escaping @Sendable () -> Void) {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler(handler: act)
      source.activate()
      handlers.append(source)
    }
    // Here and not in the loop, which may be waiting for a disk.
    for number in [SIGTERM, SIGHUP, SIGQUIT] {
      on(number) { [screen] in
        screen.leave()
        signal(number, SIG_DFL)
        // Threads of Dispatch keep signals from themselves.
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        raise(number)
      }
    }
    on(SIGINT) { [screen] in
      screen.leave()
      exit(ExitStatus.done.rawValue)
    }
    on(SIGTSTP) { [weak self] in self?.tell { $0.isSuspended = true } }
    on(SIGCONT) { [weak self] in self?.tell { $0.isContinued = true } }
    on(SIGWINCH) { [weak self] in self?.tell { _ in } }
    guard isatty(STDIN_FILENO) == 1 else { return }
    let input = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
    input.setEventHandler { [weak self, input] in
      var bytes = [UInt8](repeating: 0, count: 256)
      let count = read(STDIN_FILENO, &bytes, bytes.count)
      if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { return input.cancel() }
      guard let self, count > 0 else { return }
      let keys = keyReader.withLock { $0.keys(in: bytes[..<count]) }
      tell { $0.keys += keys }
    }
    input.activate()
    handlers.append(input)
  }

  private func tell(_ change: (inout Events) -> Void) {
    events.withLock { change(&$0) }
    continuation.yield()
  }
}
