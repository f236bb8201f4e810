import Logging

/// A log line as journald's native protocol writes it: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
struct JournalEntry {
  private(set) var bytes: [UInt8] = []

  /// - Parameter line: its fields become `STEPWORKS_<NAME>`; they stand in the message too, for who reads it.
  init(_ line: LogLine) {
    append("MESSAGE", line.body(indent: "  "))
    append("PRIORITY", String(line.level.journalPriority))
    append("SYSLOG_IDENTIFIER", "stepworks")
    for (key, value) in line.fields.sorted(by: { $0.key < $1.key }) {
      append("STEPWORKS_" + Self.fieldName(key), "\(value)")
    }
  }

  /// A value with a line feed goes with its length before it: eight bytes, the lowest first.
  private mutating func append(_ name: String, _ value: String) {
    bytes += name.utf8
    if value.utf8.contains(10) {
      bytes.append(10)
      withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
    } else {
      bytes.append(UInt8(ascii: "="))
    }
    bytes += value.utf8
    bytes.append(10)
  }

  /// journald takes capital letters, digits and underscores, 64 of them.
  private static func fieldName(_ key: String) -> String {
    let name = key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    return String(name.prefix(64 - "STEPWORKS_".count))
  }
}

extension Logger.Level {
  /// Of syslog: 2 critical … 7 debug.
  var journalPriority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
