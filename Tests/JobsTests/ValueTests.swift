import Jobs
import Testing

@Suite struct LeaseTokenTests {
  @Test func `A token is written as job and fence, and read back`() {
    let token = LeaseToken(jobID: 12, fence: 3)
    #expect(token.description == "12-3")
    #expect(LeaseToken("12-3") == token)
  }

  @Test(arguments: ["", "12", "12-", "-3", "12-3-4", "a-b", "12 - 3", "99999999999999999999-1"])
  func `Any other text is no token`(_ text: String) {
    #expect(LeaseToken(text) == nil)
  }
}

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_769_860_800_000, "2026-01-31T12:00:00.000Z"),
    (1_769_860_800_007, "2026-01-31T12:00:00.007Z"),
  ])
  func `A time is written in ISO 8601 with milliseconds`(_ milliseconds: Int64, _ text: String) {
    #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
  }

  @Test func `A time moves forwards and backwards in whole milliseconds`() {
    let time = Timestamp(milliseconds: 1_000)
    #expect(time.advanced(by: .microseconds(2_999)).milliseconds == 1_002)
    #expect(time.advanced(by: .seconds(-2)).milliseconds == -1_000)
    #expect(time.duration(to: Timestamp(milliseconds: 3_500)) == .milliseconds(2_500))
    #expect(time < Timestamp(milliseconds: 1_001))
  }
}

@Suite struct FailureTests {
  @Test func `The classes have the names that stand in the database`() {
    #expect(
      FailureClass.allCases.map(\.rawValue) == [
        "invalid_input", "missing_input", "tool_failed", "tool_crashed", "out_of_memory", "timed_out", "stalled",
        "no_space", "invalid_output", "dependency_failed", "missing_tool", "interrupted", "cancelled", "worker_died",
      ])
  }
}
