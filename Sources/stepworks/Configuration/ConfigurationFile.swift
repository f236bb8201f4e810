import Foundation
import SystemPackage

/// The configuration file that holds for this process.
struct ConfigurationFile {
  /// Absolute.
  let path: FilePath
  /// As the user wrote it.
  let name: String
  /// Nothing but comments: what a file looks like in which every default stands.
  let isBlank: Bool

  /// - Parameter named: a path and where it was named; then the file must exist.
  /// - Returns: `nil` when none is named and none of the usual ones exists.
  /// - Throws: ``SettingsError`` when it can't be read.
  init?(named: (path: String, by: String)?, usualPaths: [String], workingDirectory: FilePath) throws {
    func absolute(_ name: String) -> FilePath {
      let path = FilePath(name)
      return path.isAbsolute ? path : FilePath(workingDirectory.string + "/" + name).lexicallyNormalized()
    }
    let candidates = named.map { [$0.path] } ?? usualPaths
    let found = candidates.first { FileManager.default.fileExists(atPath: absolute($0).string) }
    guard let name = found else {
      guard let named else { return nil }
      throw SettingsError("The configuration file \(named.path), named by \(named.by), does not exist.")
    }
    self.name = name
    path = absolute(name)
    guard let data = FileManager.default.contents(atPath: path.string) else {
      throw SettingsError("The configuration file \(name) cannot be read.")
    }
    isBlank = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).allSatisfy { line in
      let text = line.drop { $0.isWhitespace }
      return text.isEmpty || text.hasPrefix("#")
    }
  }

  /// Checks one key of the file.
  /// - Returns: the queue that it limits, if it does.
  func check(_ key: String, isEmpty: Bool) throws -> [String] {
    if SettingKey.all.contains(where: { $0.name == key }) { return queue(key) }
    let sections = Set(SettingKey.all.map { $0.components[0] })
    if sections.contains(key) {
      // A section whose keys are all commented out.
      if isEmpty { return [] }
      throw SettingsError("\(key) in \(name) is a section and holds keys, not a value of its own.")
    }
    let queue = queue(key)
    if let queue = queue.first, !queue.isEmpty, !queue.contains(".") { return [queue] }
    throw SettingsError("\(key) in \(name) is no setting\(Nearest.hint(to: key, among: SettingKey.all.map(\.name)))")
  }

  private func queue(_ key: String) -> [String] {
    key.hasPrefix("queues.") ? [String(key.dropFirst("queues.".count))] : []
  }
}
