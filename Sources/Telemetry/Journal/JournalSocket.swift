import Glibc

/// Where journald takes entries with fields of their own.
package struct JournalSocket: Sendable {
  package static let system = JournalSocket(path: "/run/systemd/journal/socket")

  /// A journald that takes nothing must not hold up the worker. Seconds.
  private static let patience = 1

  private let path: String
  /// Never closed: it is needed as long as the process lives. Negative: there is none.
  private let descriptor: Int32

  package init(path: String) {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var timeout = timeval(tv_sec: Self.patience, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Whether standard error of this process goes to journald: `JOURNAL_STREAM` names its device and inode.
  package static func takesStandardError(environment stream: String?) -> Bool {
    var status = stat()
    guard let stream, fstat(STDERR_FILENO, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }

  /// - Returns: `false` when nobody took the entry.
  func send(_ entry: [UInt8]) -> Bool {
    withAddress { address, length in
      while true {
        if sendto(descriptor, entry, entry.count, Int32(MSG_NOSIGNAL), address, length) >= 0 { return true }
        switch errno {
        case EINTR: continue
        case EMSGSIZE, ENOBUFS: return sendFile(holding: entry, to: address, length)
        default: return false
        }
      }
    }
  }

  /// An entry too large for a datagram goes as a file without a name, of which only the descriptor is sent. journald
  /// takes one from /dev/shm.
  private func sendFile(holding entry: [UInt8], to address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Bool {
    let name = "/dev/shm/stepworks-log-\(String(UInt64.random(in: .min ... .max), radix: 16))"
    let file = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    unlink(name)
    var rest = entry[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    // One control message with one descriptor, laid out as cmsg(3) says, whose macros Swift does not have: length, level,
    // type, descriptor, and padding to a whole word.
    let header = MemoryLayout<Int>.size + 2 * MemoryLayout<Int32>.size
    var control = [UInt8](repeating: 0, count: header + MemoryLayout<Int>.size)
    return control.withUnsafeMutableBytes { control in
      control.storeBytes(of: header + MemoryLayout<Int32>.size, as: Int.self)
      control.storeBytes(of: SOL_SOCKET, toByteOffset: MemoryLayout<Int>.size, as: Int32.self)
      control.storeBytes(of: Int32(SCM_RIGHTS), toByteOffset: MemoryLayout<Int>.size + 4, as: Int32.self)
      control.storeBytes(of: file, toByteOffset: header, as: Int32.self)
      var message = msghdr()
      message.msg_name = UnsafeMutableRawPointer(mutating: address)
      message.msg_namelen = length
      message.msg_control = control.baseAddress
      message.msg_controllen = control.count
      while sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) < 0 {
        if errno != EINTR { return false }
      }
      return true
    }
  }

  private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
