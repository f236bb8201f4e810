import Glibc

/// How a log line is written.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
  /// For people: `2026-01-31T12:00:00.000Z info    [export_glb] completed  job=12 attempt=1 fence=3`.
  case text
  /// For programs: one JSON object a line.
  case json

  /// Entries of journald, each field searchable: `journalctl STEPWORKS_JOB=12`.
  case journald

  /// Text when standard error is a terminal, entries of journald when journald reads it.
  package static var automatic: LogFormat {
    if isatty(STDERR_FILENO) == 1 { return .text }
    let stream = getenv("JOURNAL_STREAM").map { String(cString: $0) }
    return JournalSocket.takesStandardError(environment: stream) ? .journald : .json
  }
}
