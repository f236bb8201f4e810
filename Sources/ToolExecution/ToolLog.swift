import SystemPackage

/// The files of a run's log directory that hold what the tool wrote.
enum ToolLog {
  static let messagesName: FilePath.Component = "messages.jsonl"
  static let currentName: FilePath.Component = "tool.log"
  /// The older half, once the log was long enough to be cut.
  static let olderName: FilePath.Component = "tool.log.1"
  /// Of the tail in a report, in bytes.
  static let tailBytes = 4096

  /// The end of the log; empty when there is none.
  static func tail(in logDirectory: FilePath) -> String {
    var bytes = (try? SmallFile.tail(of: logDirectory.appending(currentName), limit: tailBytes)) ?? []
    if bytes.count < tailBytes {
      let older = try? SmallFile.tail(of: logDirectory.appending(olderName), limit: tailBytes - bytes.count)
      bytes = (older ?? []) + bytes
    }
    // A character that was cut in two at the front goes; anything else that is no UTF-8 is repaired.
    let isCut = bytes.count == tailBytes
    return String(decoding: isCut ? bytes.drop { $0 & 0xC0 == 0x80 } : bytes[...], as: UTF8.self)
  }
}
