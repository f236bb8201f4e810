import Artifacts
import Foundation
import Jobs
import SystemPackage
import Testing

@testable import Steps

/// Deliveries of real files of a real store.
@Suite("deliver", .timeLimit(.minutes(1)))
struct DeliverTests {
  private let fixture: StepFixture
  private var root: FilePath { fixture.directory.appending("media") }

  init() throws {
    fixture = try StepFixture(tool: "true")
    try FileManager.default.createDirectory(atPath: root.string, withIntermediateDirectories: true)
  }

  /// A completed job and its artifacts, in the store.
  private func job(
    _ id: JobID, step: StepName = "export_glb", source: String = "/parts/bearing.step", tenant: String = "default",
    _ files: KeyValuePairs<String, String>
  ) throws -> DependencyResult {
    let attempt = try fixture.environment.store.openAttempt(LeaseToken(jobID: id, fence: 1))
    let entries = try files.map { name, content in
      try Data(content.utf8).write(to: URL(fileURLWithPath: attempt.directory.appending(name).string))
      let role = String(name.split(separator: ".").last ?? "")
      let artifact = try attempt.publish(name, role: role, mediaType: "x/y", provenance: .object([:]))
      return JSONValue.object([
        "role": .string(role), "path": .string(artifact.path), "bytes": .integer(artifact.bytes),
        "sha256": .string(artifact.sha256),
      ])
    }
    return DependencyResult(
      jobID: id, step: step, tenant: tenant, parameters: .object(["source": .string(source)]), state: .completed,
      outcome: .done, result: .object(["artifacts": .array(entries)]), isChild: false)
  }

  private func deliver(
    _ dependencies: [DependencyResult], roots: [FilePath]? = nil, tenant: String = "default",
    _ parameters: [String: JSONValue] = [:]
  ) async throws -> StepResult {
    var environment = fixture.environment
    environment.deliveryRoots = roots ?? [root]
    let step = Deliver(environment: environment)
    let given = JSONValue.object(["directory": .string("web")].merging(parameters) { $1 })
    let job = Job(
      id: 9, step: "deliver", queue: "default", parameters: given, state: .running, tenant: tenant, maxAttempts: 3,
      maxCrashes: 2, fence: 2, createdAt: Timestamp(milliseconds: 0))
    let resolved = try step.definition.parameters.resolve(given, for: "deliver")
    return try await step.run(
      StepContext(job: job, parameters: resolved, dependencies: { dependencies }, report: { _ in }))
  }

  private func failure(
    _ dependencies: [DependencyResult], roots: [FilePath]? = nil, tenant: String = "default",
    _ parameters: [String: JSONValue] = [:]
  ) async -> JobFailure? {
    do {
      _ = try await deliver(dependencies, roots: roots, tenant: tenant, parameters)
      return nil
    } catch {
      return error as? JobFailure
    }
  }

  private func read(_ place: String) throws -> String {
    try String(contentsOfFile: root.appending(place).string, encoding: .utf8)
  }

  /// Everything below the root, hidden names too.
  private func tree() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: root.string).sorted()
  }

  @Test("Files and their list stand under the names that the template says, and nothing else is left")
  func delivers() async throws {
    let jobs = [try job(1, ["bearing.glb": "mesh"]), try job(2, step: "render_still", ["bearing.png": "picture"])]
    let result = try await deliver(jobs)
    #expect(
      try tree() == [
        "web", "web/bearing", "web/bearing/bearing.glb", "web/bearing/bearing.png", "web/bearing/delivery.json",
      ])
    #expect(try read("web/bearing/bearing.glb") == "mesh")
    let list = try JSONValue(parsing: read("web/bearing/delivery.json"))["files"]?.arrayValue ?? []
    #expect(list.map { $0["path"]?.stringValue } == ["bearing.glb", "bearing.png"])
    #expect(list[0]["sha256"] == .string(FileDigest.sha256(of: "mesh")))
    #expect(list[1]["step"] == .string("render_still"))
    #expect(list[1]["source"] == .string("bearing.step"))
    #expect(result.outcome == .done)
    #expect(result.result["manifest"] == .string(root.appending("web/bearing/delivery.json").string))
    #expect(
      result.result["files"]?.arrayValue?.first?["path"] == .string(root.appending("web/bearing/bearing.glb").string))
  }

  @Test("The same once more changes nothing and says so")
  func repeats() async throws {
    let jobs = [try job(1, ["bearing.glb": "mesh"])]
    _ = try await deliver(jobs)
    func times() throws -> [String: Date?] {
      try tree().reduce(into: [:]) { times, name in
        times[name] =
          try FileManager.default.attributesOfItem(atPath: root.appending(name).string)[.modificationDate] as? Date
      }
    }
    let before = try times()
    let again = try await deliver([try job(3, ["bearing.glb": "mesh"])])
    #expect(again.outcome == .skipped)
    #expect(again.result["written"] == .integer(0))
    #expect(try times() == before)
  }

  @Test("What is newer replaces what was there, what others have put there stays, and a lost file comes back")
  func replaces() async throws {
    _ = try await deliver([try job(1, ["bearing.glb": "old", "bearing.png": "picture"])])
    try Data("mine".utf8).write(to: URL(fileURLWithPath: root.appending("web/bearing/note.txt").string))
    try FileManager.default.removeItem(atPath: root.appending("web/bearing/bearing.png").string)
    let result = try await deliver([try job(2, ["bearing.glb": "new", "bearing.png": "picture"])])
    #expect(result.result["written"] == .integer(2))
    #expect(try read("web/bearing/bearing.glb") == "new")
    #expect(try read("web/bearing/bearing.png") == "picture")
    #expect(try read("web/bearing/note.txt") == "mine")
    #expect(try read("web/bearing/delivery.json").contains(FileDigest.sha256(of: "new")))
  }

  @Test("One damaged or missing file keeps back all of them")
  func allOrNothing() async throws {
    let whole = try job(1, ["a.glb": "whole"])
    let other = try job(2, ["b.glb": "other"])
    let path = try #require(other.result?["artifacts"]?.arrayValue?.first?["path"]?.stringValue)
    chmod(path, 0o644)
    try Data("OTHER".utf8).write(to: URL(fileURLWithPath: path))
    let damaged = await failure([whole, other])
    #expect(damaged?.failureClass == .invalidInput)
    #expect(damaged?.message.contains("b.glb is not the file that was published; enqueue its job again") == true)
    try FileManager.default.removeItem(atPath: path)
    #expect(await failure([whole, other])?.failureClass == .missingInput)
    #expect(try tree() == [])
  }

  @Test("Only artifacts of the given roles are delivered, under a list of the given name")
  func roles() async throws {
    let jobs = [try job(1, ["bearing.glb": "mesh", "bearing.png": "picture"])]
    _ = try await deliver(
      jobs,
      [
        "roles": .array([.string("png")]), "template": .string("{source}{suffix}"),
        "manifest": .string("{source}.files.json"),
      ])
    #expect(try tree() == ["web", "web/bearing.files.json", "web/bearing.png"])
    let nothing = await failure(jobs, ["roles": .array([.string("usd")])])
    #expect(nothing?.message == "There is nothing to deliver: the jobs 1 have made no artifact of the role usd.")
  }

  @Test("A tenant has its own part of a root")
  func tenants() async throws {
    let roots = [root.appending("{tenant}/public")]
    _ = try await deliver(
      [try job(1, tenant: "a_b", ["x.glb": "mesh"])], roots: roots, tenant: "a_b", ["template": .string("{name}")])
    #expect(try tree().contains("a_b/public/web/x.glb"))
    for tenant in ["a/b", "..", ".a", "a\u{0}", "/"] {
      let same = await failure([try self.job(4, tenant: tenant, ["x.glb": "other"])], roots: roots, tenant: tenant)
      #expect(same?.message.contains("can have no directory of its own") == true, "\(tenant)")
    }
    let job = try job(2, ["x.glb": "mesh"])
    let outside = await failure([job], roots: roots, ["directory": .string("../../a_b/public/web")])
    #expect(outside?.message.contains("is not under a directory that deliver.roots allows") == true)
    let foreign = await failure([try self.job(3, tenant: "other", ["x.glb": "mesh"])])
    #expect(foreign?.message.hasPrefix("Job 3 is of tenant 'other', this delivery of 'default'") == true)
  }

  @Test(
    "A delivery that cannot be meant fails with a sentence, and writes nothing",
    arguments: [
      (["directory": .string("/etc")], "/etc is not under a directory that deliver.roots allows: "),
      (["directory": .string("../..")], "is not under a directory that deliver.roots allows: "),
      (["directory": .string("")], "The parameter 'directory' is no path"),
      (
        ["directory": .string(String(repeating: "a", count: 300))],
        "The parameter 'directory' has a name of 300 bytes, and 255 are allowed"
      ),
      (
        ["directory": .string(Array(repeating: String(repeating: "a", count: 200), count: 25).joined(separator: "/"))],
        "choose another directory or template"
      ),
      (["manifest": .string("")], "The parameter 'manifest' is empty; it names the list of all files"),
      (["directory": .string("a/\u{301}b")], "has a name that starts with a combining mark"),
      (["directory": .string("a\u{600}/b")], "has a name that starts with a combining mark"),
      (["manifest": .string("\u{301}list.json")], "which starts with a combining mark"),
      (["directory": .string("a/.stepworks-x")], "has a name that deliveries use for themselves"),
      (["template": .string("../{name}")], "has a name that starts with a dot"),
      (["template": .string("{nonsense}")], "names {nonsense}; there are source, step"),
      (["template": .string("same")], "would both be web/same; tell them apart"),
      (["manifest": .string("{name}")], "must give one name without a slash for the list"),
      (["manifest": .string("a/b")], "must give one name without a slash for the list"),
      (["manifest": .string("a.glb")], "would be an artifact and the list of all"),
    ] as [([String: JSONValue], String)])
  func refuses(_ parameters: [String: JSONValue], _ words: String) async throws {
    let failure = await failure([try job(1, ["a.glb": "a", "b.glb": "b"])], parameters)
    #expect(failure?.failureClass == .invalidInput)
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "it was delivered")")
    #expect(try tree() == [])
  }

  @Test("Without roots, without jobs, and without the root itself, it says what to do")
  func nowhere() async throws {
    let jobs = [try job(1, ["a.glb": "a"])]
    #expect(
      await failure(jobs, roots: [])?.message.contains("name the directories that it may write under in deliver.roots")
        == true)
    #expect(await failure([])?.message.contains("stepworks enqueue deliver --after ID") == true)
    let unmounted = await failure(jobs, roots: [fixture.directory.appending("nowhere")])
    #expect(unmounted?.failureClass == .missingInput)
    #expect(unmounted?.message.contains("is not there on this machine; mount it or make it") == true)
    #expect(!FileManager.default.fileExists(atPath: fixture.directory.appending("nowhere").string))
  }

  @Test("Nothing is delivered into the data directory, whichever root it is under")
  func dataDirectory() async throws {
    let store = fixture.environment.store.root
    let jobs = [try job(1, ["a.glb": "a"])]
    for root in [store, store.appending("artifacts"), store.removingLastComponent()] {
      let failure = await failure(jobs, roots: [root], ["directory": .string(store.appending("artifacts").string)])
      #expect(failure?.failureClass == .invalidInput)
      #expect(
        failure?.message.contains("is in the data directory \(store), where nothing may be delivered") == true,
        "\(failure?.message ?? "it was delivered")")
    }
  }

  @Test("A file of the store whose place a directory has taken is damaged, not waited for")
  func directoryInStore() async throws {
    let jobs = [try job(1, ["a.glb": "a"])]
    let path = jobs[0].result?["artifacts"]?.arrayValue?.first?["path"]?.stringValue ?? ""
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let failure = await failure(jobs)
    #expect(failure?.failureClass == .invalidInput)
    #expect(failure?.message.contains("is not the file that was published") == true, "\(failure?.message ?? "")")
  }

  @Test("No link leads a delivery out of its root")
  func links() async throws {
    try FileManager.default.createSymbolicLink(atPath: root.appending("web").string, withDestinationPath: "/tmp")
    let failure = await failure([try job(1, ["a.glb": "a"])])
    #expect(failure?.message.contains("web is in the way: it is no directory") == true)
  }

  @Test("Only files of the store are delivered, whatever a result says")
  func foreignPath() async throws {
    var job = try job(1, ["a.glb": "a"])
    for path in ["/etc/hostname", fixture.directory.appending("data/artifacts/../../part.step").string] {
      job.result = .object([
        "artifacts": .array([
          .object([
            "role": .string("glb"), "path": .string(path), "bytes": .integer(1), "sha256": .string("0"),
          ])
        ])
      ])
      #expect(await failure([job])?.message.contains("is no file of the store") == true)
    }
  }

  @Test("What a killed run has left is removed by the next")
  func leftovers() async throws {
    let name = ".stepworks-\(fixture.environment.databaseID)-9-1"
    for other in [name, ".stepworks-other-9-1"] {
      try FileManager.default.createDirectory(
        atPath: root.appending("\(other)/web").string, withIntermediateDirectories: true)
    }
    _ = try await deliver([try job(1, ["a.glb": "a"])])
    #expect(try tree().filter { $0.hasPrefix(".") && !$0.contains("/") } == [".stepworks-other-9-1"])
  }
}
