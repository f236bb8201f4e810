import Glibc

/// How a log line is written.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
  /// For people: `2026-01-31T12:00:00.000Z info    [export_glb] completed  job=12 attempt=1 fence=3`.
  case text
  /// For programs: one JSON object a line.
  case json

  /// Text when standard error is a terminal.
  package static var automatic: LogFormat { isatty(STDERR_FILENO) == 1 ? .text : .json }
}
