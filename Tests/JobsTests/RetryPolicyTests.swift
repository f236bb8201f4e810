import Jobs
import Testing

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(base: .seconds(2), factor: 4, maximum: .seconds(100), jitter: 0.25)

  @Test func `Each wait is longer than the one before by the factor, up to the maximum`() {
    let waits = (1...6).map { policy.delay(afterFailures: $0, random: 0.5) }
    #expect(waits == [.seconds(2), .seconds(8), .seconds(32), .seconds(100), .seconds(100), .seconds(100)])
  }

  @Test func `A wait is spread evenly around its middle by the jitter`() {
    #expect(policy.delay(afterFailures: 1, random: 0) == .seconds(1.5))
    #expect(policy.delay(afterFailures: 1, random: 0.75) == .seconds(2.25))
    #expect(policy.delay(afterFailures: 1, random: 0.999_999) < .seconds(2.5))
    #expect(policy.delay(afterFailures: 50, random: 0) == .seconds(75))
  }

  @Test func `No number of failures makes a wait endless or negative`() {
    for failures in [0, -3, 1_000_000, .max] {
      let wait = policy.delay(afterFailures: failures, random: 0.5)
      #expect(wait >= .seconds(2) && wait <= .seconds(100))
    }
  }

  @Test(arguments: [FailureClass.invalidInput, .missingInput, .dependencyFailed, .cancelled])
  func `What would fail again is not tried again`(_ failureClass: FailureClass) {
    #expect(policy.response(to: failureClass) == .fail)
  }

  @Test(arguments: [FailureClass.toolFailed, .timedOut, .stalled, .outOfMemory, .invalidOutput])
  func `What may go better next time is tried again`(_ failureClass: FailureClass) {
    #expect(policy.response(to: failureClass) == .retry)
  }

  @Test func `A death counts as a crash, a fault of the machine costs nothing`() {
    #expect(policy.response(to: .toolCrashed) == .retryAsCrash)
    #expect(policy.response(to: .workerDied) == .retryAsCrash)
    #expect(policy.response(to: .noSpace) == .snooze(.seconds(30)))
    #expect(policy.response(to: .missingTool) == .snooze(.seconds(30)))
    #expect(policy.response(to: .interrupted) == .snooze(policy.base))
  }

  @Test func `A step answers a class of failure in its own way`() {
    let policy = RetryPolicy(overrides: [.timedOut: .fail, .invalidInput: .retry])
    #expect(policy.response(to: .timedOut) == .fail)
    #expect(policy.response(to: .invalidInput) == .retry)
    #expect(policy.response(to: .toolFailed) == .retry)
  }
}
