import Logging
import ServiceLifecycle
import Testing
import stepworks

/// The bound of a drain, whoever hangs.
@Suite(.timeLimit(.minutes(1))) struct DrainDeadlineTests {
  /// Ends when it is told to, or only when it is cancelled.
  private struct Other: Service {
    let hangs: Bool

    func run() async throws {
      if hangs { try await Task.sleep(for: .seconds(3600)) } else { try await gracefulShutdown() }
    }
  }

  /// Drains a group of both.
  private func drain(hangs: Bool, within budget: Duration) async throws {
    let deadline = DrainDeadline()
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [.init(service: deadline), .init(service: Other(hangs: hangs))],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    deadline.begin(budget)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  @Test func `A drain that takes longer than it may ends with an error that says so`() async {
    let error = await #expect(throws: DrainDeadline.Overdue.self) {
      try await drain(hangs: true, within: .milliseconds(1))
    }
    #expect(error?.description.hasPrefix("The drain did not end within 0 seconds") == true)
  }

  @Test func `A drain in time ends without one, and nobody waits for the rest of the time`() async throws {
    try await drain(hangs: false, within: .seconds(3600))
  }
}
