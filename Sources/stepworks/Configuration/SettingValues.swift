/// One value with the place it comes from.
package struct SettingValue: Sendable, Hashable {
  package enum Content: Sendable, Hashable {
    case scalar(String)
    case list([String])
  }

  package let content: Content
  /// For people: `--database`, `STEPWORKS_WORKER_SLOTS`, `./stepworks.yaml`, `default`.
  package let source: String

  package var text: String {
    switch content {
    case .scalar(let text): text
    case .list(let elements): "[\(elements.joined(separator: ", "))]"
    }
  }
}

/// The value that holds for each key, by the key's name; every declared key has one, and every one is right.
package struct SettingValues: Sendable {
  package private(set) var byName: [String: SettingValue]

  init(_ byName: [String: SettingValue]) { self.byName = byName }

  func text(_ key: SettingKey) -> String { byName[key.name]?.text ?? key.defaultText }

  func integer(_ key: SettingKey) -> Int {
    guard let number = Int(text(key)) else { preconditionFailure("\(key.name) was checked") }
    return number
  }

  func seconds(_ key: SettingKey) -> Duration { .seconds(integer(key)) }

  func megabytes(_ key: SettingKey) -> Int64 { Int64(integer(key)) << 20 }

  /// `nil` for the empty list.
  func list(_ key: SettingKey) -> [String]? {
    guard case .list(let elements) = byName[key.name]?.content, !elements.isEmpty else { return nil }
    return elements
  }

  /// The names of the queues that have a starting limit.
  var queues: [String] {
    byName.keys.filter { $0.hasPrefix("queues.") }.map { String($0.dropFirst("queues.".count)) }.sorted()
  }
}
