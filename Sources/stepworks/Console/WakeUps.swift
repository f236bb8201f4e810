import Queueing

/// When to look at the database again.
enum WakeUps {
  /// Calls `look` at once, after each commit, and at least every `interval`: a wake-up may be missed while the watch
  /// moves, and clocks on the screen go on. Wake-ups that come while it looks are one.
  /// - Parameter look: returns whether to go on.
  static func look(
    at watcher: CommitWatcher, every interval: Duration, _ look: () async throws -> Bool
  ) async throws {
    let (wakeUps, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    continuation.yield()
    try await withThrowingTaskGroup { group in
      group.addTask {
        for await _ in watcher.wakeUps { continuation.yield() }
      }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: interval)  // cancelled: the loop ends
          continuation.yield()
        }
      }
      defer {
        watcher.stop()
        group.cancelAll()
      }
      for await _ in wakeUps {
        guard try await look() else { return }
      }
    }
  }
}
