import Jobs
import Queueing

/// How many jobs ended lately, by how they ended.
struct Throughput {
  /// What counts as lately.
  static let window: Duration = .seconds(300)

  struct Ends: Hashable {
    var completed = 0
    var failed = 0
    var cancelled = 0

    mutating func add(_ count: Int, _ kind: JobEventKind) {
      switch kind {
      case .completed: completed += count
      case .failed: failed += count
      case .cancelled: cancelled += count
      default: break
      }
    }
  }

  /// What was seen, and over how long: shorter than ``window`` where more was too much to look at.
  struct Seen: Hashable {
    var ends = Ends()
    var over: Duration = Throughput.window

    func perMinute(_ count: Int) -> Double { Double(count) / max(1, over.seconds) * 60 }
  }

  private var buckets: [Int64: [JobEndings.Count]] = [:]
  private var since: Timestamp?

  mutating func add(_ endings: JobEndings, now: Timestamp) {
    if since == nil { since = endings.since }
    for count in endings.counts { buckets[count.bucket, default: []].append(count) }
    let length = JobEndings.bucket.wholeMilliseconds
    let oldest = now.advanced(by: .zero - Self.window).milliseconds / length
    buckets = buckets.filter { $0.key >= oldest }
  }

  func seen(now: Timestamp) -> Seen {
    var seen = Seen()
    for count in buckets.values.joined() { seen.ends.add(count.count, count.kind) }
    if let since { seen.over = min(Self.window, max(.seconds(1), since.duration(to: now))) }
    return seen
  }
}
