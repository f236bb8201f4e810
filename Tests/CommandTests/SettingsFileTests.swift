import Foundation
import SystemPackage
import TestSupport
import Testing
import stepworks

struct SettingsFileTests {
  private static let shipped = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("config/stepworks.yaml")

  @Test func `The shipped file is what the declarations say`() throws {
    let text = try String(contentsOfFile: Self.shipped.string, encoding: .utf8)
    #expect(text == SettingsFile.text, "write it anew: stepworks config --defaults > config/stepworks.yaml")
  }

  @Test func `The shipped file names every key, and reading it gives the defaults`() async throws {
    let values = try await loader(config: Self.shipped.string).load()
    for key in SettingKey.all {
      let value = try #require(values.byName[key.name])
      #expect(value.text == key.defaultText)
      #expect(value.source != "default", "\(key.name) is missing in the file")
    }
  }

  @Test func `Every key can be set by the variable that the file names`() async throws {
    for key in SettingKey.all {
      let text =
        switch key.kind {
        case .text, .path, .list: "other"
        case .integer(let range): "\(range.upperBound)"
        case .integerOr(let word, _): word
        case .choice(let words): words.last ?? ""
        }
      let values = try await loader(environment: [key.environmentName: text]).load()
      #expect(values.byName[key.name]?.source == key.environmentName)
      #expect(values.byName[key.name]?.text == (key.kind == .list ? "[\(text)]" : text))
    }
  }

  @Test func `Names in the environment follow the words of the key`() throws {
    let names = Dictionary(uniqueKeysWithValues: SettingKey.all.map { ($0.name, $0.environmentName) })
    #expect(names["worker.drainSeconds"] == "STEPWORKS_WORKER_DRAIN_SECONDS")
    #expect(names["tools.cadCpuSeconds"] == "STEPWORKS_TOOLS_CAD_CPU_SECONDS")
    #expect(names["queues.cad"] == "STEPWORKS_QUEUES_CAD")
  }

  @Test func `Every summary is a sentence`() {
    for key in SettingKey.all { #expect(key.summary.hasSuffix(".") && key.summary.count > 20) }
  }

  @Test func `An installed program takes no file from where its caller happens to be`() throws {
    let directory = try TemporaryDirectory()
    let executable = FilePath(directory.file("bin/stepworks"))
    #expect(SettingsFile.usualPaths(executable: executable).first == "./config/stepworks.yaml")
    try FileManager.default.createDirectory(
      atPath: directory.file("share/config"), withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: directory.file("share/config/stepworks.yaml")))
    #expect(SettingsFile.usualPaths(executable: executable) == ["/etc/stepworks/stepworks.yaml"])
  }

  private func loader(config: String? = nil, environment: [String: String] = [:]) -> SettingsLoader {
    SettingsLoader(flags: [:], configPath: config, environment: environment, workingDirectory: "/", usualPaths: [])
  }
}
