/// Names one run of one tool, over all daemons and databases of this host, for ever.
///
/// The supervisor, the tool and everything the tool starts carry it in their environment (`STEPWORKS_RUN`). A daemon
/// that finds a dead one's run finds the processes by it, see ``ToolReaper``: two runs with the same identifier would
/// kill each other.
package struct ToolRunID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
  /// The environment variable that marks every process of the run.
  package static let environmentVariable = "STEPWORKS_RUN"
  /// Longest identifier, in bytes.
  package static let maximumLength = 128

  package let rawValue: String

  /// - Parameter rawValue: 1 to 128 of `A–Z a–z 0–9 . _ -`; anything else gives nil, so that an identifier is safe in
  ///   file names, logs and shell lines.
  package init?(rawValue: String) {
    let isAllowed = rawValue.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard isAllowed, (1...Self.maximumLength).contains(rawValue.utf8.count) else { return nil }
    self.rawValue = rawValue
  }

  /// 128 random bits in hexadecimal.
  package init(using generator: inout some RandomNumberGenerator) {
    let words = [generator.next(), generator.next()] as [UInt64]
    rawValue = words.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  package var description: String { rawValue }
}
