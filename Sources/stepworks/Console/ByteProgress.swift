import Jobs

/// One line that is drawn over while many bytes are read, on a terminal only: `verifying 12 of 340, 1.2 of 4.5 GB, 8s left`.
struct ByteProgress {
  let verb: String
  let count: Int
  let bytes: Int64
  private var doneCount = 0
  private var doneBytes: Int64 = 0
  private let began = ContinuousClock.now
  private var drawn: ContinuousClock.Instant?

  /// Seen as steady, and too seldom to cost anything.
  private static let interval = Duration.milliseconds(200)

  init(_ verb: String, count: Int, bytes: Int64) {
    self.verb = verb
    self.count = count
    self.bytes = bytes
  }

  mutating func advance(by bytes: Int64) {
    doneCount += 1
    doneBytes += bytes
    let now = ContinuousClock.now
    guard Terminal.canRedraw, drawn.map({ now - $0 >= Self.interval }) ?? true else { return }
    drawn = now
    Terminal.tellRaw("\r\u{1B}[K\(line(after: now - began))")
  }

  /// Takes the line away.
  func finish() {
    if drawn != nil { Terminal.tellRaw("\r\u{1B}[K") }
  }

  func line(after elapsed: Duration) -> String {
    let line = "\(verb) \(doneCount) of \(count), \(HumanTime.bytes(doneBytes)) of \(HumanTime.bytes(bytes))"
    guard doneBytes > 0, doneBytes < bytes, elapsed >= .seconds(1) else { return line }
    return "\(line), \(HumanTime.age(elapsed * (Double(bytes - doneBytes) / Double(doneBytes)))) left"
  }
}
