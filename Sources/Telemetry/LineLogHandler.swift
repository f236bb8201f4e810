import Glibc
package import Jobs
package import Logging

/// Writes each entry as one line to standard error, or as one entry to journald.
///
/// A line is one `write`, so that the lines of several threads never mix. Nobody can be told when that fails: then the
/// line is lost. What journald does not take goes to standard error.
package struct LineLogHandler: LogHandler {
  /// Of this logger alone once it was set, else that of the threshold.
  package var logLevel: Logger.Level {
    get { ownLevel ?? threshold.level }
    set { ownLevel = newValue }
  }
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private var ownLevel: Logger.Level?
  private let threshold: LogThreshold
  private let format: LogFormat
  private let journal: JournalSocket
  private let clock: WallClock
  private let write: @Sendable (String) -> Void

  package init(
    format: LogFormat, threshold: LogThreshold, clock: WallClock = .system, journal: JournalSocket = .system,
    write: @escaping @Sendable (String) -> Void = LineLogHandler.writeToStandardError
  ) {
    self.format = format
    self.threshold = threshold
    self.journal = journal
    self.clock = clock
    self.write = write
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
    if let given = event.metadata { fields.merge(given) { _, new in new } }
    if let error = event.error { fields["error"] = "\(error)" }
    let line = LogLine(time: clock.now(), level: event.level, message: "\(event.message)", fields: fields)
    switch format {
    case .text: write(line.text)
    case .json: write(line.json)
    case .journald: if !journal.send(JournalEntry(line).bytes) { write(line.prefixed) }
    }
  }

  package static let writeToStandardError: @Sendable (String) -> Void = { line in
    var line = line
    line.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        let count = Glibc.write(STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }
}
