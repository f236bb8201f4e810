import Foundation

/// A directory of a test's own; gone with this object.
package final class TemporaryDirectory: Sendable {
  /// Absolute.
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "stepworks-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  package func file(_ name: String) -> String { path + "/" + name }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
