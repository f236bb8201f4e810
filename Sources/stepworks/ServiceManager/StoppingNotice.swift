import ServiceLifecycle

/// Says at once when the worker begins to end: the last in the service group, so the first to be shut down.
struct StoppingNotice: Service {
  let tell: @Sendable () -> Void

  func run() async throws {
    do { try await gracefulShutdown() } catch { return }  // cancelled: the worker ends without a drain
    tell()
  }
}
