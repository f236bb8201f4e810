import Glibc
import SystemPackage

/// The files of a run's log directory that hold what the tool wrote.
enum ToolLog {
  static let messagesName: FilePath.Component = "messages.jsonl"
  static let currentName: FilePath.Component = "tool.log"
  /// The older half, once the log was long enough to be cut.
  static let olderName: FilePath.Component = "tool.log.1"
  /// Of the tail in a report, in bytes.
  static let tailBytes = 4096

  /// How far a log has been written.
  enum Mark: Sendable, Equatable {
    case beginning
    case at(Int64, inode: UInt64)
  }

  static func mark(in logDirectory: FilePath) -> Mark {
    var status = stat()
    guard stat(logDirectory.appending(currentName).string, &status) == 0 else { return .beginning }
    return .at(Int64(status.st_size), inode: UInt64(status.st_ino))
  }

  /// How much has been written to `messages.jsonl`.
  static func messageBytes(in logDirectory: FilePath) -> UInt64 {
    var status = stat()
    guard stat(logDirectory.appending(messagesName).string, &status) == 0 else { return 0 }
    return UInt64(max(0, status.st_size))
  }

  /// The end of the log; empty when there is none.
  /// - Parameter mark: what was written before it is left out, unless the log has been cut since.
  static func tail(in logDirectory: FilePath, since mark: Mark = .beginning) -> String {
    var limit = tailBytes
    if case .at(let start, let inode) = mark, case .at(let end, inode) = Self.mark(in: logDirectory) {
      limit = Int(min(max(0, end - start), Int64(tailBytes)))
    }
    var bytes = (try? SmallFile.tail(of: logDirectory.appending(currentName), limit: limit)) ?? []
    if limit == tailBytes, bytes.count < tailBytes {
      let older = try? SmallFile.tail(of: logDirectory.appending(olderName), limit: tailBytes - bytes.count)
      bytes = (older ?? []) + bytes
    }
    // A character that was cut in two at the front goes; anything else that is no UTF-8 is repaired.
    let isCut = bytes.count == tailBytes
    return String(decoding: isCut ? bytes.drop { $0 & 0xC0 == 0x80 } : bytes[...], as: UTF8.self)
  }
}
