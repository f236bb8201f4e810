import ArgumentParser
import Jobs

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show every setting, its value, and where the value comes from.",
    discussion: """
      EXAMPLES
        stepworks config
        stepworks config --defaults > /etc/stepworks/stepworks.yaml
      """)

  @OptionGroup var shared: SharedOptions

  @Flag(help: "Print the commented configuration file with every key and its default.")
  var defaults = false

  @Flag(help: "Print one JSON object, by key.")
  var json = false

  func run() async throws {
    if defaults { return Terminal.print(String(SettingsFile.text.dropLast())) }
    let values = try await shared.values()
    if json {
      let members = values.byName.mapValues { value -> JSONValue in
        let content: JSONValue =
          switch value.content {
          case .scalar(let text): .string(text)
          case .list(let elements): .array(elements.map { .string($0) })
          }
        return .object(["value": content, "source": .string(value.source)])
      }
      return Terminal.print(JSONValue.object(members).text)
    }
    var table = Table([.text("KEY"), .text("VALUE"), .text("SOURCE")])
    let declared = SettingKey.all.map(\.name)
    for name in declared + values.byName.keys.filter({ !declared.contains($0) }).sorted() {
      guard let value = values.byName[name] else { continue }
      table.rows.append(["\(name)", "\(value.text)", Table.Cell(value.source)])
    }
    table.print()
  }
}
