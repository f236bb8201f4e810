import Configuration
import Synchronization
package import SystemPackage

/// Reads the configuration: defaults, below the file, below the environment, below the flags.
///
/// Every value of every layer is checked, also one that a higher layer hides: a mistake is found when it is made.
package struct SettingsLoader: Sendable {
  /// What the flags say, by the name of the key; the elements of a list separated by commas.
  package var flags: [String: String]
  /// What --config says.
  package var configPath: String?
  package var environment: [String: String]
  package var workingDirectory: FilePath
  /// What is tried when no file is named.
  package var usualPaths: [String]

  package init(
    flags: [String: String], configPath: String?, environment: [String: String], workingDirectory: FilePath,
    usualPaths: [String] = SettingsFile.usualPaths
  ) {
    self.flags = flags
    self.configPath = configPath
    self.environment = environment
    self.workingDirectory = workingDirectory
    self.usualPaths = usualPaths
  }

  /// One place where values come from.
  private struct Layer {
    let provider: any ConfigProvider
    /// How a person finds the value of a key there.
    let source: (SettingKey) -> String
    /// Queues that have a starting limit there.
    var queues: [String] = []
  }

  /// - Throws: ``SettingsError``.
  package func load() async throws -> SettingValues {
    let layers = try await [flagLayer(), environmentLayer(), fileLayer()].compactMap { $0 }
    let queues = Set(layers.flatMap(\.queues)).subtracting(["default", "cad", "render"])
    var values: [String: SettingValue] = [:]
    for key in SettingKey.all + queues.sorted().map(SettingKey.queueLimit) {
      let found = try layers.compactMap { try Self.value(of: key, in: $0) }
      values[key.name] = found.first ?? Self.defaultValue(of: key)
    }
    return SettingValues(values)
  }

  private func flagLayer() -> Layer {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for key in SettingKey.all {
      guard let text = flags[key.name] else { continue }
      let content: ConfigContent =
        key.kind == .list ? .stringArray(text.split(separator: ",").map(String.init)) : .string(text)
      values[AbsoluteConfigKey(key.components)] = ConfigValue(content, isSecret: false)
    }
    return Layer(provider: InMemoryProvider(values: values), source: { key in "The flag for \(key.name)" })
  }

  private func environmentLayer() throws -> Layer {
    let checked = try EnvironmentNames(environment)
    return Layer(
      provider: EnvironmentVariablesProvider(environmentVariables: checked.variables).prefixKeys(with: "stepworks"),
      source: { key in checked.source(of: key) }, queues: checked.queues)
  }

  /// - Returns: `nil` when there is no file, or nothing in it.
  private func fileLayer() async throws -> Layer? {
    let named =
      configPath.map { ($0, "--config") } ?? environment["STEPWORKS_CONFIG"].map { ($0, "STEPWORKS_CONFIG") }
    let found = try ConfigurationFile(named: named, usualPaths: usualPaths, workingDirectory: workingDirectory)
    guard let file = found, !file.isBlank else { return nil }
    // The provider does not tell which keys it holds, but it asks of each one whether it is a secret.
    let names = KeyCollector()
    let provider: FileProvider<YAMLSnapshot>
    do {
      provider = try await FileProvider<YAMLSnapshot>(
        parsingOptions: YAMLSnapshot.ParsingOptions(
          secretsSpecifier: .dynamic { key, _ in
            names.insert(key)
            return false
          }), filePath: file.path)
    } catch {
      throw SettingsError("\(file.name) is not a configuration: \(Self.firstLine(of: error)).")
    }
    var layer = Layer(provider: provider, source: { key in "\(key.name) in \(file.name)" })
    for name in names.all {
      let isEmpty = try? Self.text(of: name.split(separator: ".").map(String.init), in: provider).isEmpty
      layer.queues += try file.check(name, isEmpty: isEmpty ?? false)
    }
    return layer
  }

  private static func value(of key: SettingKey, in layer: Layer) throws -> SettingValue? {
    let source = layer.source(key)
    func refuse(_ found: String) -> SettingsError {
      SettingsError("\(source) must be \(key.expectation), not \(found).")
    }
    let path = AbsoluteConfigKey(key.components)
    let isList = key.kind == .list
    let found: ConfigValue?
    do {
      found = try layer.provider.value(forKey: path, type: isList ? .stringArray : .string).value
    } catch {
      throw refuse(isList ? "a single value" : "a list")
    }
    switch found?.content {
    case .string(let text):
      guard key.accepts(text) else { throw refuse("'\(text)'") }
      return SettingValue(content: .scalar(text), source: source)
    case .stringArray(let elements):
      // The empty text in the environment is the empty list.
      let fault = elements == [""] && source == key.environmentName ? nil : elements.lazy.compactMap(key.fault).first
      if let fault { throw SettingsError("\(source) \(fault).") }
      return SettingValue(content: .list(elements.filter { !$0.isEmpty }), source: source)
    default:
      return nil
    }
  }

  private static func text(of components: [String], in provider: some ConfigProvider) throws -> String {
    let found = try provider.value(forKey: AbsoluteConfigKey(components), type: .string)
    return if case .string(let text) = found.value?.content { text } else { "" }
  }

  private static func defaultValue(of key: SettingKey) -> SettingValue {
    SettingValue(content: key.kind == .list ? .list([]) : .scalar(key.defaultText), source: "default")
  }

  private static func firstLine(of error: any Error) -> String {
    let line = "\(error)".split(separator: "\n").first.map(String.init) ?? "\(error)"
    return line.hasSuffix(".") || line.hasSuffix(":") ? String(line.dropLast()) : line
  }
}

/// Keys as the parser meets them.
private final class KeyCollector: Sendable {
  private let names = Mutex<[String]>([])

  var all: [String] { names.withLock { $0 } }

  func insert(_ name: String) { names.withLock { $0.append(name) } }
}
