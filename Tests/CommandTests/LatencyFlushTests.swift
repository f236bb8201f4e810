import Jobs
import Queueing
import Telemetry
import TestSupport
import Testing

@testable import stepworks

@Suite(.timeLimit(.minutes(1)))
struct LatencyFlushTests {
  private let workshop: Workshop
  private let recorder = LatencyRecorder()

  init() throws { workshop = try Workshop() }

  private func settleOne() {
    let job = Job(
      id: 1, step: "ping", queue: "default", parameters: .object([:]), state: .running, maxAttempts: 3, maxCrashes: 3,
      createdAt: Timestamp(milliseconds: 0))
    recorder.observe(.jobSettled(job, .completed(.done), timings: RunTimings(run: .seconds(1))))
  }

  private func sql(_ sql: String) throws -> String {
    try Program.run(["sqlite3", "-cmd", ".timeout 10000", workshop.database, sql]).output
  }

  @Test func `What could not be written is told, kept, and written when it can be`() async throws {
    let queue = try workshop.queue()
    try await queue.recordLatencies([LatencyKey("ping", .run, .done): LatencyDistribution([.seconds(9)])])
    // As a full disk would, until it is gone.
    _ = try sql(
      "CREATE TRIGGER no_more BEFORE INSERT ON latency_histograms BEGIN SELECT RAISE(ABORT, 'not now'); END")
    let troubles = Troubles()
    settleOne()
    let flush = LatencyFlush(recorder: recorder, queue: queue, observer: troubles, interval: .milliseconds(20))
    let running = Task { await flush.run() }
    let first = try #require(await troubles.next())
    #expect(first.contains("could not be written, the worker keeps it and tries again") && first.contains("not now"))
    settleOne()
    _ = try #require(await troubles.next())
    _ = try sql("DROP TRIGGER no_more")
    running.cancel()  // writes once more before it ends, as a drain does
    await running.value
    #expect(try sql("SELECT sum(count), max(max_us) FROM latency_histograms WHERE phase = 'run'") == "3|9000000\n")
  }
}

/// The sentences of trouble, one after the other.
private final class Troubles: JobObserver {
  private let continuation: AsyncStream<String>.Continuation
  private let sentences: AsyncStream<String>

  init() {
    (sentences, continuation) = AsyncStream.makeStream()
  }

  func observe(_ observation: WorkerObservation) {
    if case .trouble(let sentence) = observation { continuation.yield(sentence) }
  }

  func next() async -> String? {
    var iterator = sentences.makeAsyncIterator()
    return await iterator.next()
  }
}
