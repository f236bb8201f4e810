import Jobs
import Logging
import Telemetry
import TestSupport
import Testing

struct LogTests {
  private let written = WrittenLines()
  private let clock = TestClock(Timestamp(milliseconds: 1_769_860_800_000))

  @Test func `A line of a step begins with it and carries job, attempt and fence`() {
    observer(.text, .info).observe(.jobReported(Samples.job(), .log(.warning, "face 7 is open")))
    #expect(written.all.count == 1)
    #expect(
      written.all.first?.hasSuffix("warning  [export_glb] face 7 is open  job=12 attempt=1 fence=3") == true)
  }

  @Test func `A JSON line is an object with the same fields, numbers as numbers`() throws {
    observer(.json, .info).observe(
      .jobSettled(Samples.job(), .failed(Samples.failure), timings: RunTimings(run: .milliseconds(1500))))
    let line = try JSONValue(parsing: try #require(written.all.first))
    #expect(line["level"] == .string("error"))
    #expect(line["message"]?.stringValue == "[export_glb] failed: \(Samples.failure.message)")
    #expect(line["job"] == .integer(12))
    #expect(line["attempt"] == .integer(1))
    #expect(line["fence"] == .integer(3))
    #expect(line["class"] == .string("invalid_input"))
    #expect(line["run_seconds"] == .number(1.5))
    #expect(line["time"]?.stringValue == clock.now.iso8601)
  }

  @Test func `A job that asked for others says for which and why`() {
    observer(.text, .info).observe(
      .jobSettled(Samples.job(), .awaiting([13, 14], reason: "It needs the GLB."), timings: RunTimings()))
    #expect(written.all.first?.contains("[export_glb] waits for jobs 13, 14: It needs the GLB.") == true)
  }

  @Test func `Control characters and quotes survive in JSON`() throws {
    let message = "a \"quoted\"\tname\u{01}\u{7F} of ä漢\n\\"
    observer(.json, .info).observe(.jobReported(Samples.job(), .log(.error, message)))
    let line = try JSONValue(parsing: try #require(written.all.first))
    #expect(line["message"]?.stringValue == "[export_glb] \(message)")
  }

  @Test func `What drives a terminal does not reach it in text`() {
    observer(.text, .info).observe(.jobReported(Samples.job(), .log(.warning, "\u{1B}]0;x\u{07}\u{202E}a")))
    #expect(written.all.first?.contains(#"[export_glb] \u001b]0;x\u0007\u202ea  job=12"#) == true)
    logger(.text, .info).info("worker started", metadata: ["database": "/srv/\u{9B}31ma.db"])
    #expect(written.all.last?.hasSuffix(#"database=/srv/\u009b31ma.db"#) == true)
  }

  @Test func `Fields with blanks are quoted in text`() {
    logger(.text, .info).info("worker started", metadata: ["database": "/srv/my files/a.db", "pid": "7"])
    #expect(written.all.first?.hasSuffix("worker started  database=\"/srv/my files/a.db\" pid=7") == true)
  }

  @Test(arguments: [
    (WorkerObservation.jobStarted(Samples.job(), wait: .zero), Logger.Level.debug),
    (.jobSettled(Samples.job(), .completed(.done), timings: RunTimings(run: .milliseconds(99))), .debug),
    (.jobSettled(Samples.job(), .completed(.done), timings: RunTimings(run: .milliseconds(100))), .info),
    (.jobSettled(Samples.job(), .cancelled, timings: RunTimings()), .info),
    (.jobSettled(Samples.job(), .awaiting([13], reason: "It needs the GLB."), timings: RunTimings()), .info),
    (.jobSettled(Samples.job(), .retryScheduled(Samples.failure, delay: .seconds(1)), timings: RunTimings()), .warning),
    (.jobSettled(Samples.job(), .failed(Samples.failure), timings: RunTimings()), .error),
    (.leaseLost(Samples.job()), .warning),
    (.jobReported(Samples.job(), .progress(0.5, "meshing")), .debug),
    (.jobsRescued([.retryScheduled: 1], from: 4), .warning),
    (.slots(["cad": 2]), .debug),
    (.trouble("The disk is full."), .warning),
  ])
  func `Each observation has its level`(_ observation: WorkerObservation, _ level: Logger.Level) {
    observer(.text, level).observe(observation)
    #expect(written.all.count == 1)
    for higher in Logger.Level.allCases where higher > level { observer(.text, higher).observe(observation) }
    #expect(written.all.count == 1)
  }

  private func observer(_ format: LogFormat, _ level: Logger.Level) -> JobLogger { JobLogger(logger(format, level)) }

  private func logger(_ format: LogFormat, _ level: Logger.Level) -> Logger {
    Logger(label: "test") { _ in
      LineLogHandler(
        format: format, threshold: LogThreshold(level), clock: clock.wall, write: { [written] in written.write($0) })
    }
  }
}
