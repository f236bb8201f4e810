import Foundation

/// A small file system in memory, to be filled up or made read-only. Needs root.
package final class Mount: Sendable {
  package struct Impossible: Error, CustomStringConvertible {
    package let description: String
  }

  private let directory: TemporaryDirectory

  /// - Throws: ``Impossible`` where this process may not mount: such a test cannot be passed over in silence.
  package init(megabytes: Int) throws {
    directory = try TemporaryDirectory()
    try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", directory.path])
  }

  package func file(_ name: String) -> String { directory.file(name) }

  /// - Parameter option: `ro` or `rw`.
  package func remount(_ option: String) throws {
    try Self.run(["mount", "-o", "remount,\(option)", directory.path])
  }

  private static func run(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    guard result.status == 0 else {
      throw Impossible(
        description: "This test needs a file system of its own, so run it as root where mounting is allowed: "
          + "\(arguments.joined(separator: " ")): \(result.errors)")
    }
  }

  deinit { _ = try? Program.run(["umount", "--lazy", directory.path]) }
}
