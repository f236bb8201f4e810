import FoundationEssentials
import SystemPackage

/// Reads `messages.jsonl` while the supervisor writes it.
///
/// A file, not a pipe, lies between tool and daemon, so a slow daemon never blocks a tool and a dead one never kills
/// it. The supervisor writes whole lines; half of one is kept until the rest is there.
struct MessageFollower {
  private static let pieceBytes = 64 * 1024

  private let path: FilePath
  private let longestLine: Int
  private var file: FileDescriptor?
  private var offset: Int64 = 0
  private var pending: [UInt8] = []
  private var isSkipping = false

  /// The last ``ToolMessage/result(_:)`` and ``ToolMessage/error(_:)`` so far.
  private(set) var result: Data?
  private(set) var reportedError: ToolReportedError?

  init(path: FilePath, longestLine: Int) {
    self.path = path
    self.longestLine = longestLine
  }

  /// Hands on every line that has been written since the last call.
  mutating func deliver(to receive: @escaping @Sendable (ToolLine) async -> Void) async {
    while let piece = readPiece() {
      for line in lines(in: piece) {
        let line = ToolLine(line)
        switch line {
        case .message(.result(let data)): result = data
        case .message(.error(let error)): reportedError = error
        case .message, .ready, .other: break
        }
        // What the receiver does with it (a write to the database) is not to be cut off by the end of the run.
        await Task { await receive(line) }.value
      }
    }
  }

  mutating func close() {
    try? file?.close()
    file = nil
  }

  private mutating func readPiece() -> [UInt8]? {
    if file == nil {
      file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
    }
    guard let file else { return nil }
    let offset = offset
    let piece = try? [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
      count = try file.read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
    guard let piece, !piece.isEmpty else { return nil }
    self.offset += Int64(piece.count)
    return piece
  }

  private mutating func lines(in piece: [UInt8]) -> [[UInt8]] {
    var complete: [[UInt8]] = []
    var rest = piece[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      pending += rest[..<end]
      if !isSkipping, pending.count <= longestLine { complete.append(pending) }
      isSkipping = false
      pending.removeAll(keepingCapacity: true)
      rest = rest[(end + 1)...]
    }
    pending += rest
    if pending.count > longestLine {  // not written by our supervisor
      isSkipping = true
      pending.removeAll()
    }
    return complete
  }
}
