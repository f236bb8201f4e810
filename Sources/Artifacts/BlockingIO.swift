import Dispatch

/// Where disk work that may take seconds runs: a thread of the task pool that waits for a disk runs no task.
package enum BlockingIO {
  private static let queue = DispatchQueue(label: "stepworks.blocking-io", attributes: .concurrent)

  package static func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try work() }) }
    }
  }
}
