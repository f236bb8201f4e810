/// The variables of the environment that are ours, checked for names that mean nothing.
struct EnvironmentNames {
  /// Ours that are no settings: the configuration file, the marker in the environment of every tool of a run, and what
  /// the build looks at.
  private static let reserved: Set<String> = ["STEPWORKS_CONFIG", "STEPWORKS_RUN", "STEPWORKS_WITHOUT_CAD"]
  private static let shortDatabase = "STEPWORKS_DATABASE"
  private static let queuePrefix = "STEPWORKS_QUEUES_"

  /// With the short names written out.
  let variables: [String: String]
  /// `STEPWORKS_QUEUES_CAD` is queue `cad`.
  let queues: [String]
  private let usesShortDatabase: Bool

  /// - Throws: ``SettingsError`` for a name that is no setting.
  init(_ environment: [String: String]) throws {
    var variables = environment.filter { $0.key.hasPrefix("STEPWORKS_") }
    let path = SettingKey.databasePath.environmentName
    if let short = variables.removeValue(forKey: Self.shortDatabase) {
      if let long = variables[path], long != short {
        throw SettingsError(
          "\(Self.shortDatabase) and \(path) name two databases, '\(short)' and '\(long)'; set one of them.")
      }
      variables[path] = short
      usesShortDatabase = true
    } else {
      usesShortDatabase = false
    }
    let known = Set(SettingKey.all.map(\.environmentName)).union(Self.reserved)
    for name in variables.keys.sorted() where !known.contains(name) {
      if name.hasPrefix(Self.queuePrefix), name.count > Self.queuePrefix.count { continue }
      throw SettingsError(
        "\(name) in the environment is no setting\(Nearest.hint(to: name, among: known.union([Self.shortDatabase])))")
    }
    queues = variables.keys.filter { $0.hasPrefix(Self.queuePrefix) }
      .map { $0.dropFirst(Self.queuePrefix.count).lowercased() }
    self.variables = variables
  }

  func source(of key: SettingKey) -> String {
    key == .databasePath && usesShortDatabase ? Self.shortDatabase : key.environmentName
  }
}
