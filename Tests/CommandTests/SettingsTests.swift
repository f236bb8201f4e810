import Foundation
import Jobs
import Queueing
import SystemPackage
import TestSupport
import Testing
import ToolExecution
import stepworks

struct SettingsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func `Without file, environment and flags the defaults hold`() async throws {
    let settings = try await load()
    #expect(settings.database.path == directory.file("stepworks.db"))
    #expect(settings.database.durability == .full)
    #expect(settings.dataDirectory == FilePath(directory.file("stepworks-data")))
    #expect(settings.worker.queues == nil)
    #expect(settings.worker.steps == nil)
    #expect(settings.worker.slots == 64)
    #expect(settings.worker.drain == .seconds(30))
    #expect(settings.status.host == "127.0.0.1")
    #expect(settings.status.port == 9470)
    #expect(settings.tools.cad == "/opt/stepworks/stepworks-cad")
    #expect(settings.tools.supervisor == "/opt/stepworks/stepworks-supervisor")
    #expect(settings.tools.cadMemoryBytes == 8 << 30)
    #expect(settings.queues == ["default": 64, "cad": 12, "render": 1])
    #expect(settings.tools.usd == .notFound(name: "stepworks-usd"))
    #expect(settings.tools.render == .notFound(name: "stepworks-render"))
    #expect(settings.tools.renderMemoryBytes == 16 << 30)
    #expect(settings.tools.cgroup == .automatic)
    #expect(settings.render.cyclesDevice == "gpu")
    #expect(settings.render.materialLibrary == nil)
  }

  @Test func `The file wins over defaults, the environment over the file, flags over both`() async throws {
    try write("worker:\n  slots: 3\n  drainSeconds: 4\n  sweepSeconds: 5\n")
    let settings = try await load(
      flags: ["worker.slots": "9"],
      environment: ["STEPWORKS_WORKER_SLOTS": "7", "STEPWORKS_WORKER_DRAIN_SECONDS": "8"])
    #expect(settings.worker.slots == 9)
    #expect(settings.worker.drain == .seconds(8))
    #expect(settings.worker.sweep == .seconds(5))
    #expect(settings.worker.heartbeat == .seconds(10))
  }

  @Test func `Each value says where it comes from`() async throws {
    try write("worker:\n  slots: 3\n")
    let values = try await loader(environment: ["STEPWORKS_DATABASE": "a.db"]).load()
    #expect(values.byName["worker.slots"]?.source == "worker.slots in ./stepworks.yaml")
    #expect(values.byName["database.path"]?.source == "STEPWORKS_DATABASE")
    #expect(values.byName["log.level"]?.source == "default")
  }

  @Test func `Lists come with commas in the environment and as lists in the file`() async throws {
    try write("worker:\n  queues: [cad, render]\n")
    #expect(try await load().worker.queues == ["cad", "render"])
    #expect(
      try await load(environment: ["STEPWORKS_WORKER_QUEUES": "default, ping"]).worker.queues == ["default", "ping"])
    #expect(try await load(environment: ["STEPWORKS_WORKER_QUEUES": ""]).worker.queues == nil)
    #expect(try await load(flags: ["worker.queues": "cad"]).worker.queues == ["cad"])
  }

  @Test func `Queues of any name get a starting limit from file and environment`() async throws {
    try write("queues:\n  render: 2\n  cad: 4\n")
    let settings = try await load(environment: ["STEPWORKS_QUEUES_PING": "auto"])
    #expect(settings.queues == ["default": 64, "cad": 4, "render": 2, "ping": 12])
  }

  @Test func `The status server can be off and its port free to choose`() async throws {
    #expect(try await load(environment: ["STEPWORKS_STATUS_PORT": "off"]).status.port == nil)
    #expect(try await load(environment: ["STEPWORKS_STATUS_PORT": "0"]).status.port == 0)
  }

  @Test func `Relative paths start at the working directory`() async throws {
    let settings = try await load(environment: ["STEPWORKS_DATABASE": "sub/../b.db", "STEPWORKS_DATA_DIRECTORY": "d"])
    #expect(settings.database.path == directory.file("b.db"))
    #expect(settings.dataDirectory == FilePath(directory.file("d")))
  }

  @Test func `A named file is read and the usual ones are not`() async throws {
    try write("worker:\n  slots: 3\n")
    try write("worker:\n  slots: 5\n", to: "other.yaml")
    #expect(try await load(config: "other.yaml").worker.slots == 5)
    #expect(try await load(environment: ["STEPWORKS_CONFIG": "other.yaml"]).worker.slots == 5)
  }

  @Test func `A file of comments and empty sections changes nothing`() async throws {
    try write("# nothing\n\n  # here\n")
    #expect(try await load().worker.slots == 64)
    try write("worker:\n  # slots: 3\nstatus:\n  port: 0\n")
    #expect(try await load().worker.slots == 64)
  }

  @Test(arguments: [
    ("worker:\n  slotz: 3\n", "worker.slotz in ./stepworks.yaml is no setting; did you mean worker.slots?"),
    ("colour: red\n", "colour in ./stepworks.yaml is no setting."),
    ("worker: 3\n", "worker in ./stepworks.yaml is a section and holds keys, not a value of its own."),
    (
      "worker:\n  slots: many\n", "worker.slots in ./stepworks.yaml must be a whole number from 1 to 10000, not 'many'."
    ),
    ("worker:\n  slots: 0\n", "worker.slots in ./stepworks.yaml must be a whole number from 1 to 10000, not '0'."),
    ("worker:\n  slots:\n", "worker.slots in ./stepworks.yaml must be a whole number from 1 to 10000, not ''."),
    ("worker:\n  slots: [1]\n", "worker.slots in ./stepworks.yaml must be a whole number from 1 to 10000, not a list."),
    (
      "worker:\n  queues: cad\n",
      "worker.queues in ./stepworks.yaml must be a list such as [cad, default], not a single value."
    ),
    ("deliver:\n  roots: ['']\n", "deliver.roots in ./stepworks.yaml has an empty element; name a directory."),
    (
      "deliver:\n  roots: [/a, '{nope}/x']\n",
      "deliver.roots in ./stepworks.yaml names '{nope}/x'; only {tenant} may stand in braces."
    ),
    (
      "deliver:\n  roots: ['/a/{tenant']\n",
      "deliver.roots in ./stepworks.yaml names '/a/{tenant'; only {tenant} may stand in braces."
    ),
    (
      "queues:\n  cad: lots\n",
      "queues.cad in ./stepworks.yaml must be a whole number from 1 to 10000, or auto, not 'lots'."
    ),
    (
      "database:\n  synchronous: 'off'\n",
      "database.synchronous in ./stepworks.yaml must be one of full, normal, not 'off'."
    ),
  ])
  func `A mistake in the file is named`(_ text: String, _ sentence: String) async throws {
    try write(text)
    await expectError(sentence)
  }

  @Test func `A mistake in the file is found though a flag hides it`() async throws {
    try write("worker:\n  slots: many\n")
    let error = await #expect(throws: SettingsError.self) { try await load(flags: ["worker.slots": "3"]) }
    #expect(error?.description.hasPrefix("worker.slots in ./stepworks.yaml must be") == true)
  }

  @Test(arguments: ["worker: [", "- a\n- b\n", "worker:\n  slots: 1\n  slots: 2\n", "worker:\n\tslots: 1\n"])
  func `A file that is no YAML mapping is one sentence that names it`(_ text: String) async throws {
    try write(text)
    let error = await #expect(throws: SettingsError.self) { try await load() }
    #expect(error?.description.hasPrefix("./stepworks.yaml is not a configuration: ") == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test(arguments: [
    (
      ["STEPWORKS_WORKER_SLOTZ": "3"],
      "STEPWORKS_WORKER_SLOTZ in the environment is no setting; did you mean STEPWORKS_WORKER_SLOTS?"
    ),
    (["STEPWORKS_XYZ": ""], "STEPWORKS_XYZ in the environment is no setting."),
    (
      ["STEPWORKS_LOG_LEVEL": "loud"],
      "STEPWORKS_LOG_LEVEL must be one of trace, debug, info, notice, warning, error, critical, not 'loud'."
    ),
    (
      ["STEPWORKS_STATUS_PORT": "70000"],
      "STEPWORKS_STATUS_PORT must be a whole number from 0 to 65535, or off, not '70000'."
    ),
    (["STEPWORKS_DELIVER_ROOTS": "/a,{b}"], "STEPWORKS_DELIVER_ROOTS names '{b}'; only {tenant} may stand in braces."),
    (["STEPWORKS_DATABASE": ""], "STEPWORKS_DATABASE must be a path, not ''."),
    (
      ["STEPWORKS_DATABASE": "a", "STEPWORKS_DATABASE_PATH": "b"],
      "STEPWORKS_DATABASE and STEPWORKS_DATABASE_PATH name two databases, 'a' and 'b'; set one of them."
    ),
    (["STEPWORKS_CONFIG": "no.yaml"], "The configuration file no.yaml, named by STEPWORKS_CONFIG, does not exist."),
  ])
  func `A mistake in the environment is named`(_ environment: [String: String], _ sentence: String) async {
    await expectError(sentence, environment: environment)
  }

  @Test func `Variables of others and those of a run are none of our business`() async throws {
    _ = try await load(environment: ["HOME": "/", "STEPWORKSX": "1", "STEPWORKS_RUN": "0123456789abcdef-12-3"])
  }

  @Test func `A wrong flag is named by its key`() async {
    let error = await #expect(throws: SettingsError.self) { try await load(flags: ["worker.slots": "-1"]) }
    #expect(
      error?.description == "The flag for worker.slots must be a whole number from 1 to 10000, not '-1'.")
  }

  private func expectError(_ sentence: String, environment: [String: String] = [:]) async {
    let error = await #expect(throws: SettingsError.self) { try await load(environment: environment) }
    #expect(error?.description == sentence)
  }

  private func load(
    flags: [String: String] = [:], config: String? = nil, environment: [String: String] = [:]
  ) async throws -> Settings {
    let values = try await loader(flags: flags, config: config, environment: environment).load()
    return Settings(
      values,
      in: Settings.Surroundings(
        workingDirectory: FilePath(directory.path), programDirectory: "/opt/stepworks", processorCount: 12))
  }

  private func loader(
    flags: [String: String] = [:], config: String? = nil, environment: [String: String] = [:]
  ) -> SettingsLoader {
    SettingsLoader(
      flags: flags, configPath: config, environment: environment, workingDirectory: FilePath(directory.path),
      usualPaths: ["./config/stepworks.yaml", "./stepworks.yaml"])
  }

  private func write(_ text: String, to name: String = "stepworks.yaml") throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
  }
}
