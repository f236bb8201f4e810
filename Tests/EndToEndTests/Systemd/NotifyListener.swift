import Foundation
import Glibc
import Testing

/// Stands in for systemd at the other end of NOTIFY_SOCKET.
final class NotifyListener {
  private let descriptor: Int32
  /// For NOTIFY_SOCKET: `@name`.
  let name: String

  init() throws {
    name = "@stepworks-test-\(UUID().uuidString)"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = [0] + Array(name.utf8.dropFirst())
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    try #require(bound == 0)
  }

  deinit { close(descriptor) }

  /// The next message; waits for it.
  func next() -> String {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// Reads on to a message that begins so. The suite's time limit ends a wait for one that never comes.
  /// - Returns: what came before it, and it.
  @discardableResult
  func wait(for prefix: String) -> (before: [String], message: String) {
    var before: [String] = []
    while true {
      let message = next()
      if message.hasPrefix(prefix) { return (before, message) }
      before.append(message)
    }
  }
}
