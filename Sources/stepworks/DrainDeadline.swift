import Jobs
import ServiceLifecycle

/// Ends a drain that takes longer than it may: a fault, for the pool itself hands back what does not end in time.
package struct DrainDeadline: Service {
  package struct Overdue: Error, CustomStringConvertible {
    let budget: Duration

    package var description: String {
      "The drain did not end within \(Int(budget.seconds)) seconds; another worker takes back the jobs that were left."
    }
  }

  private let beginnings: AsyncStream<Duration>
  private let continuation: AsyncStream<Duration>.Continuation

  package init() { (beginnings, continuation) = AsyncStream.makeStream() }

  /// The drain begins, and may take this long.
  package func begin(_ budget: Duration) { continuation.yield(budget) }

  /// - Throws: ``Overdue``, which cancels everything.
  package func run() async throws {
    for await budget in beginnings.cancelOnGracefulShutdown() {
      try await cancelWhenGracefulShutdown {
        guard (try? await Task.sleep(for: budget)) != nil else { return }  // it ended in time
        throw Overdue(budget: budget)
      }
    }
  }
}
