import Testing
import stepworks

/// The bound of a drain, whoever hangs.
@Suite(.timeLimit(.minutes(1))) struct DrainDeadlineTests {
  private let overdue = AsyncStream<DrainDeadline.Overdue>.makeStream()

  @Test func `A drain that takes longer than it may is told of`() async throws {
    let deadline = DrainDeadline { [overdue] in overdue.continuation.yield($0) }
    deadline.begin(.milliseconds(1))
    let told = try #require(await overdue.stream.first { _ in true })
    #expect(told.description.hasPrefix("The drain did not end within 0 seconds; this worker gives up"))
  }

  @Test func `Of a drain that ended in time nothing is told`() async {
    let deadline = DrainDeadline { [overdue] in overdue.continuation.yield($0) }
    deadline.begin(.seconds(3600))
    deadline.end()
    // Begun anew, only the second tells.
    deadline.begin(.zero)
    #expect(await overdue.stream.first { _ in true }?.description.contains("within 0 seconds") == true)
  }
}
