import Foundation
import Jobs
import Queueing

/// Enqueue, claim and complete no-op jobs, in batches, beside the C program.
struct Throughput {
  let reference: String
  let jobs: Int
  let rounds: Int

  /// Seconds.
  private struct Life {
    var enqueue: Double
    var claim: Double
    var complete: Double
    var whole: Double { enqueue + claim + complete }
  }

  private static var verbs: [(String, KeyPath<Life, Double>)] {
    [("enqueue", \.enqueue), ("claim", \.claim), ("complete", \.complete), ("whole life", \.whole)]
  }

  func run() async throws {
    print("Jobs a second (median of \(rounds) interleaved rounds), Stepworks | C on the same SQLite | ratio")
    print("durability batch " + Self.verbs.map { column($0.0, 30) }.joined())
    for durability in [DatabaseOptions.Durability.full, .normal] {
      for batch in [1, 10, 100] {
        // Flushes dominate small batches: fewer jobs say as much.
        let jobs = batch == 1 ? min(jobs, durability == .full ? 1_000 : 5_000) : jobs
        var ours: [Life] = []
        var limit: [Life] = []
        for _ in 0..<rounds {
          ours.append(try await measure(jobs, batch, durability))
          limit.append(try await measureReference(jobs, batch, durability))
        }
        let cells = Self.verbs.map { _, verb in
          let (own, best) = (ours.map { $0[keyPath: verb] }.median, limit.map { $0[keyPath: verb] }.median)
          let rates = [own, best].map { column(grouped(Double(jobs) / $0), 9) }.joined(separator: " |")
          return column("\(rates) | \(Int((best / own * 100).rounded())) %", 30)
        }
        fflush(nil)
        print(column(durability.rawValue, 10) + column("\(batch)", 6) + " " + cells.joined())
      }
    }
  }

  private func measure(_ jobs: Int, _ batch: Int, _ durability: DatabaseOptions.Durability) async throws -> Life {
    let database = try await BenchmarkDatabase(durability)
    let queue = database.queue
    let requests = (0..<batch).map { _ in JobRequest(step: "noop") }
    var life = Life(enqueue: 0, claim: 0, complete: 0)
    life.enqueue = try await seconds {
      for _ in 0..<(jobs / batch) { _ = try await queue.enqueue(requests) }
    }
    for _ in 0..<(jobs / batch) {
      var claimed: [ClaimedJob] = []
      life.claim += try await seconds { claimed = try await queue.claim(database.scope, limit: batch) }
      precondition(claimed.count == batch)
      // As a worker does: each job settles in a task of its own, and the write lane makes one commit of them.
      life.complete += await seconds {
        await withDiscardingTaskGroup { group in
          for job in claimed {
            group.addTask { _ = await queue.settle(job.lease(), of: job.job, as: .completed(StepResult())) }
          }
        }
      }
    }
    return life
  }

  private func measureReference(
    _ jobs: Int, _ batch: Int, _ durability: DatabaseOptions.Durability
  ) async throws -> Life {
    let database = try await BenchmarkDatabase(durability)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: reference)
    process.arguments = [database.queue.path, "\(jobs)", "\(batch)", durability.rawValue.uppercased()]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    let numbers = text.split { " \n".contains($0) }.compactMap { Double($0) }
    precondition(process.terminationStatus == 0 && numbers.count == 3, "the reference failed")
    return Life(enqueue: numbers[0], claim: numbers[1], complete: numbers[2])
  }
}
