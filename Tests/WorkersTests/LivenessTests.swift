import Jobs
import ServiceLifecycle
import Testing

@testable import Workers

/// When a worker counts as getting on.
@Suite struct LivenessTests {
  private let start = SuspendingClock.Instant.now
  private let liveness: Liveness

  init() { liveness = Liveness(at: start) }

  private func after(_ duration: Duration) -> SuspendingClock.Instant { start.advanced(by: duration) }

  @Test func `It takes both a turn of the claim loop and a committed write, each since the last time`() {
    #expect(!liveness.takeProgress(at: start))
    liveness.claimLoopTurned()
    #expect(!liveness.takeProgress(at: start))
    liveness.writeWasCommitted(at: start)
    #expect(liveness.takeProgress(at: start))
    #expect(!liveness.takeProgress(at: start))
    liveness.writeWasCommitted(at: start)
    #expect(!liveness.takeProgress(at: start))
    liveness.claimLoopTurned()
    #expect(liveness.takeProgress(at: start))
  }

  @Test func `A claim loop that stands still is no progress, however much is written`() {
    for _ in 0..<10 { liveness.writeWasCommitted(at: start) }
    #expect(!liveness.takeProgress(at: start))
  }

  @Test func `A writer that is held up is excused, but not for ever`() {
    liveness.writeIsHeldUp()
    #expect(liveness.takeProgress(at: after(Liveness.patience - .seconds(1))))
    #expect(!liveness.takeProgress(at: after(Liveness.patience - .seconds(1))), "an excuse holds once")
    liveness.writeIsHeldUp()
    liveness.claimLoopTurned()
    #expect(!liveness.takeProgress(at: after(Liveness.patience)))
  }

  @Test func `Patience is counted from the last commit`() {
    liveness.writeWasCommitted(at: after(.seconds(600)))
    liveness.writeIsHeldUp()
    #expect(liveness.takeProgress(at: after(Liveness.patience + .seconds(599))))
  }

  @Test func `A checkpoint is excused for as long as it goes on, but not for ever`() {
    liveness.checkpointBegan()
    for second in 1...3 { #expect(liveness.takeProgress(at: after(.seconds(second)))) }
    #expect(!liveness.takeProgress(at: after(Liveness.patience)))
    liveness.checkpointEnded()
    #expect(!liveness.takeProgress(at: after(.seconds(4))))
  }

  @Test func `A commit ends the excuse`() {
    liveness.writeIsHeldUp()
    liveness.writeWasCommitted(at: after(.seconds(1)))
    #expect(!liveness.takeProgress(at: after(.seconds(1))), "the claim loop has not turned")
  }

  @Test(.timeLimit(.minutes(1)))
  func `A worker at rest gets on, and so does one with a long job or a long drain`() async throws {
    let gate = AsyncStream<Void>.makeStream()
    let options = WorkerOptions(heartbeat: .milliseconds(20), sweep: .milliseconds(20))
    let fixture = try await WorkerFixture(
      options: options,
      steps: [
        ClosureStep { _ in
          for await _ in gate.stream { break }
          return StepResult()
        }
      ])
    try await fixture.run { fixture in
      let liveness = fixture.worker.liveness
      while !liveness.takeProgress() { await Task.yield() }
      #expect(liveness.hasLooked)
      let job = try await fixture.enqueue()
      await fixture.observer.waitForStart(of: job)
      _ = liveness.takeProgress()
      while !liveness.takeProgress() { await Task.yield() }
      async let drain: Void = fixture.group.triggerGracefulShutdown()
      while !fixture.pool.isDraining { await Task.yield() }
      _ = liveness.takeProgress()
      while !liveness.takeProgress() { await Task.yield() }
      gate.continuation.finish()
      await drain
    }
  }
}
