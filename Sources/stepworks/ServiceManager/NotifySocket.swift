import Glibc

/// The way to the service manager that started this process: one datagram per message, as sd_notify(3) says.
package struct NotifySocket: Sendable {
  /// Whoever listens may be slow; nobody here waits longer for it. Seconds.
  private static let patience = 1

  private let descriptor: Int32
  private let address: UnixAddress

  /// `NOTIFY_SOCKET`: a path, or a name that begins with `@`.
  /// - Returns: `nil` when no service manager wants to hear anything, or its address is none.
  package init?(environment: [String: String]) {
    guard let name = environment["NOTIFY_SOCKET"], let address = UnixAddress(name) else { return nil }
    // Never closed: it is needed as long as the process lives.
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var timeout = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    self.descriptor = descriptor
    self.address = address
  }

  /// Sends `NAME=value` lines. A message that does not arrive is lost: the manager's own timeouts deal with that.
  package func send(_ lines: String...) {
    let bytes = Array(lines.joined(separator: "\n").utf8)
    address.withPointer { pointer, length in
      while sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length) < 0, errno == EINTR {}
    }
  }
}

/// The address of a Unix socket, of a path or of an abstract name.
private struct UnixAddress: Sendable {
  private let bytes: [UInt8]

  /// - Parameter name: `/path`, or `@name` for the abstract name.
  init?(_ name: String) {
    var path = Array(name.utf8)
    let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
    guard path.count > 1, path.count < capacity, path[0] == UInt8(ascii: "/") || path[0] == UInt8(ascii: "@") else {
      return nil
    }
    if path[0] == UInt8(ascii: "@") { path[0] = 0 } else { path.append(0) }
    bytes = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + path
  }

  func withPointer(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Void) {
    var address = sockaddr_un()
    withUnsafeMutableBytes(of: &address) { $0.copyBytes(from: bytes) }
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(bytes.count)) }
    }
  }
}
