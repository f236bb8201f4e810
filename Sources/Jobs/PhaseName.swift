/// The name of a part of a run that is timed: a word of ``measured``, or one that a step or its tool gave.
package struct PhaseName: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  package let rawValue: String

  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { self.rawValue = value }
  package var description: String { rawValue }

  /// How many different phases a run may have.
  package static let maximumCount = 16

  /// Available → claim.
  package static let wait: PhaseName = "wait"
  /// Claim → first output.
  package static let start: PhaseName = "start"
  /// End of the step → settled.
  package static let settle: PhaseName = "settle"
  /// Claim → settled.
  package static let run: PhaseName = "run"
  /// Available → settled.
  package static let total: PhaseName = "total"

  /// What is measured of every run, whatever its step says.
  package static let measured: [PhaseName] = [.wait, .start, .settle, .run, .total]

  /// Whether a step may give this name: `[a-z][a-z0-9_]{0,31}`, and none of ``measured``.
  package var isAllowed: Bool {
    guard rawValue.utf8.count <= 32, let first = rawValue.utf8.first, (0x61...0x7A).contains(first) else {
      return false
    }
    let isWord = rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    return isWord && !Self.measured.contains(self)
  }
}
