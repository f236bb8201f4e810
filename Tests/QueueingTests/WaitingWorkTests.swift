import Jobs
import Queueing
import TestSupport
import Testing

/// What waits for a slot, as a line of status tells it.
@Suite struct WaitingWorkTests {
  private func available(_ fixture: QueueFixture) async throws -> Timestamp? {
    try await fixture.queue.jobs().compactMap(\.availableAt).min()
  }

  @Test func `Only available jobs count, each since it became available`() async throws {
    let fixture = try await QueueFixture()
    #expect(try await fixture.queue.waitingWork(in: nil) == WaitingWork(count: 0))
    try await fixture.enqueue()
    let oldest = try await available(fixture)
    try await fixture.enqueue()
    try await fixture.enqueue(runAt: fixture.clock.now.advanced(by: .seconds(60 * 60 * 24 * 365 * 50)))
    let waiting = try await fixture.queue.waitingWork(in: nil)
    #expect(waiting == WaitingWork(count: 2, oldestAvailableAt: oldest))
    #expect(!waiting.isPartial)
  }

  @Test func `Queues that are not served do not count`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.enqueue("work")
    try await fixture.enqueue("render", .object(["source": .string("a.glb")]))
    #expect(try await fixture.queue.waitingWork(in: ["render"]).count == 1)
    #expect(try await fixture.queue.waitingWork(in: ["render", "cad"]).count == 2)
    #expect(try await fixture.queue.waitingWork(in: ["other"]) == WaitingWork(count: 0))
  }

  @Test func `The count ends at its limit`() async throws {
    let fixture = try await QueueFixture()
    _ = try await fixture.queue.enqueue(Array(repeating: JobRequest(step: "work"), count: WaitingWork.limit + 1))
    let waiting = try await fixture.queue.waitingWork(in: nil)
    #expect(waiting.count == WaitingWork.limit)
    #expect(waiting.isPartial)
  }
}
