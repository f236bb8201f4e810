import Foundation
import Jobs
import Queueing

/// Measures the queue beside a C program that does the same row writes, in one interleaved run:
///
///     queue-benchmark REFERENCE [--jobs N] [--rounds N] [--ten-million] [--throughput-only]
@main struct QueueBenchmark {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2 else {
      print("usage: queue-benchmark REFERENCE [--jobs N] [--rounds N] [--ten-million]; see scripts/benchmark")
      exit(64)
    }
    func value(_ name: String, _ fallback: Int) -> Int {
      arguments.firstIndex(of: name).flatMap { Int(arguments[$0 + 1]) } ?? fallback
    }
    try await Throughput(
      reference: arguments[1], jobs: value("--jobs", 20_000), rounds: value("--rounds", 3)
    ).run()
    if arguments.contains("--throughput-only") { return }
    try await ClaimCost(finished: arguments.contains("--ten-million") ? [0, 1_000_000, 10_000_000] : [0, 1_000_000])
      .run()
    try await WakeUp(inserts: 300).run()
  }
}

/// A database of its own in the directory that TMPDIR names, gone with this object.
final class BenchmarkDatabase: Sendable {
  let directory: String
  let queue: JobQueue
  let workerID: WorkerID
  private let lock: WorkerLock

  static let step = StepDefinition(
    name: "noop", version: 1, queue: "bench", summary: "Does nothing.", parameters: ParameterSchema([]), dedup: .none)

  init(_ durability: DatabaseOptions.Durability) async throws {
    directory = NSTemporaryDirectory() + "queue-benchmark-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    queue = try JobQueue(
      path: directory + "/queue.db", options: DatabaseOptions(durability: durability, opening: .createOrMigrate))
    try await queue.publish([Self.step])
    try await queue.ensureQueues(["bench": 10_000])
    guard let lock = try WorkerLock(name: WorkerLock.freshName(), in: queue.lockDirectory) else {
      preconditionFailure("the name is fresh")
    }
    self.lock = lock
    workerID = try await queue.register(
      WorkerIdentity(host: "here", pid: 1, bootID: "b", version: "1", steps: ["noop"]), lock: lock)
  }

  var scope: ClaimScope { ClaimScope(workerID: workerID, steps: ["noop"]) }

  /// Runs SQL in the `sqlite3` shell.
  func sql(_ sql: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sqlite3", "-bail", queue.path, sql]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    precondition(process.terminationStatus == 0)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }
}

func seconds(_ work: () async throws -> Void) async rethrows -> Double {
  let start = ContinuousClock.now
  try await work()
  return (ContinuousClock.now - start).seconds
}

extension [Double] {
  /// - Precondition: not empty.
  func quantile(_ fraction: Double) -> Double { sorted()[Swift.min(Int(Double(count) * fraction), count - 1)] }
  var median: Double { quantile(0.5) }
}

func column(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: Swift.max(0, width - text.count)) + text
}

func grouped(_ number: Double) -> String {
  var digits = String(Int(number.rounded()))
  var parts: [String] = []
  while digits.count > 3 {
    parts.insert(String(digits.suffix(3)), at: 0)
    digits.removeLast(3)
  }
  return ([digits] + parts).joined(separator: ",")
}
