import Foundation
import Jobs
import Queueing
import TestSupport
import Testing

@Suite struct LeaseTests {
  @Test func `A lease that is dropped without being settled traps`() async {
    await #expect(processExitsWith: .failure) {
      let fixture = try await QueueFixture()
      let claimed = try await fixture.running(try await fixture.worker())
      _ = claimed.lease()
      exit(0)
    }
  }

  @Test func `A lease that is taken twice traps`() async {
    await #expect(processExitsWith: .failure) {
      let fixture = try await QueueFixture()
      let claimed = try await fixture.running(try await fixture.worker())
      await fixture.complete(claimed)
      _ = claimed.lease()
      exit(0)
    }
  }

  @Test func `A lease that is settled does not trap`() async {
    await #expect(processExitsWith: .success) {
      let fixture = try await QueueFixture()
      await fixture.complete(try await fixture.running(try await fixture.worker()))
      exit(0)
    }
  }
}
