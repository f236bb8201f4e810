import Foundation
import Jobs
import SystemPackage
import Testing

@testable import Artifacts

@Suite("Artifact store")
final class ArtifactStoreTests {
  private let directory: FilePath
  private let store: ArtifactStore
  private let provenance = JSONValue.object(["step": .string("export_glb"), "input_sha256": .string("00")])

  init() throws {
    directory = FilePath(NSTemporaryDirectory()).appending("artifacts-\(UUID().uuidString)")
    store = try ArtifactStore(root: directory)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory.string) }

  private func openAttempt(_ job: JobID = 1, fence: Int64 = 1) throws -> Attempt {
    try store.openAttempt(LeaseToken(jobID: job, fence: fence))
  }

  private func write(_ text: String, to path: FilePath) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
  }

  private func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test("A published file is found under its own digest, with a sidecar that says where it came from")
  func publishes() throws {
    let attempt = try openAttempt()
    try write("hello", to: attempt.directory.appending("part.glb"))
    let artifact = try attempt.publish("part.glb", role: "glb", mediaType: "model/gltf-binary", provenance: provenance)

    // The SHA-256 of "hello", FIPS 180-4.
    #expect(artifact.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    #expect(artifact.bytes == 5)
    #expect(artifact.path == store.artifacts.appending("2c/\(artifact.sha256)/part.glb").string)
    #expect(try read(artifact.path) == "hello")
    let sidecar = try JSONValue(
      parsing: read(artifact.path + ".\(artifact.derivationKey.prefix(12)).json"))
    #expect(sidecar["provenance"] == provenance)
    #expect(sidecar["derivation_key"] == .string(artifact.derivationKey))
  }

  @Test("Equal provenance gives equal derivation keys, whatever the order of its members")
  func derivationKey() throws {
    let attempt = try openAttempt()
    var keys: Set<String> = []
    for text in [#"{"a":1,"b":2}"#, #"{ "b": 2, "a": 1 }"#] {
      try write("x", to: attempt.directory.appending("f"))
      keys.insert(
        try attempt.publish("f", role: "r", mediaType: "m", provenance: JSONValue(parsing: text)).derivationKey)
    }
    #expect(keys.count == 1)
  }

  @Test("A late attempt with other bytes does not touch what a newer one published")
  func lateAttempt() throws {
    let newer = try openAttempt(1, fence: 2)
    let late = try openAttempt(1, fence: 1)
    try write("newer", to: newer.directory.appending("part.glb"))
    try write("late", to: late.directory.appending("part.glb"))
    let kept = try newer.publish("part.glb", role: "glb", mediaType: "m", provenance: provenance)
    let other = try late.publish("part.glb", role: "glb", mediaType: "m", provenance: provenance)
    #expect(kept.path != other.path)
    #expect(try read(kept.path) == "newer")
  }

  @Test(
    "An output outside the attempt directory is refused",
    arguments: ["../escape", "/etc/hostname", "a/b", "..", ".", ""])
  func outside(_ name: String) throws {
    let attempt = try openAttempt()
    #expect { try attempt.publish(name, role: "r", mediaType: "m", provenance: provenance) } throws: {
      ($0 as? JobFailure)?.failureClass == .invalidOutput
    }
  }

  @Test("A directory in the place of a published file is a failure, not something to wait for")
  func directoryInTheWay() throws {
    let attempt = try openAttempt()
    let file = attempt.directory.appending("part.glb")
    try write("hello", to: file)
    let place = try attempt.publish("part.glb", role: "glb", mediaType: "x/y", provenance: .object([:])).path
    try FileManager.default.removeItem(atPath: place)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
    try write("hello", to: file)
    let failure = #expect(throws: JobFailure.self) {
      try attempt.publish("part.glb", role: "glb", mediaType: "x/y", provenance: .object([:]))
    }
    #expect(failure?.failureClass == .invalidOutput)
    #expect(failure?.message.contains("something else is in its place; move it away") == true)
  }

  @Test(
    "What may pass is waited for, what a person must change is not",
    arguments: [
      (.ioError, nil), (.permissionDenied, nil), (.readOnlyFileSystem, nil), (.tooManyOpenFiles, nil),
      (.staleNFSFileHandle, nil), (.noSpace, .noSpace), (.fileNameTooLong, .invalidOutput),
      (.notDirectory, .invalidOutput), (.directoryNotEmpty, .invalidOutput),
    ] as [(Errno, FailureClass?)])
  func classes(_ errno: Errno, _ failureClass: FailureClass?) {
    let error = StoreError(path: "/store/a", errno: errno).asStepError
    #expect((error as? JobFailure)?.failureClass == failureClass)
    #expect((error is StepSnooze) == (failureClass == nil))
  }

  @Test("A symbolic link is not an output")
  func symbolicLink() throws {
    let attempt = try openAttempt()
    try FileManager.default.createSymbolicLink(
      atPath: attempt.directory.appending("link").string, withDestinationPath: "/etc/hostname")
    #expect(throws: JobFailure.self) {
      try attempt.publish("link", role: "r", mediaType: "m", provenance: provenance)
    }
  }

  @Test("An empty output is invalid")
  func emptyOutput() throws {
    let attempt = try openAttempt()
    try write("", to: attempt.directory.appending("empty"))
    #expect { try attempt.publish("empty", role: "r", mediaType: "m", provenance: provenance) } throws: {
      ($0 as? JobFailure)?.failureClass == .invalidOutput
    }
  }

  @Test("The sweep removes what dead runs left and spares those that run or begin meanwhile")
  func sweep() async throws {
    let dead = try openAttempt(1)
    let alive = try openAttempt(2)
    var begun: Attempt?
    try await store.sweep {
      begun = try openAttempt(3)
      return [LeaseToken(jobID: 2, fence: 1)]
    }
    let left = try Files.list(store.attempts).sorted()
    #expect(left == ["attempt-2-1", "attempt-3-1"])
    #expect(begun != nil)
    #expect(dead.directory != alive.directory)
  }

  @Test("Logs are kept for thirty days")
  func sweepLogs() async throws {
    _ = try openAttempt(1)
    let now = Timestamp(Date())
    try await store.pruneLogs(now: now.advanced(by: .seconds(29 * 86_400)))
    #expect(try Files.list(store.logs) == ["attempt-1-1"])
    try await store.pruneLogs(now: now.advanced(by: .seconds(31 * 86_400)))
    #expect(try Files.list(store.logs) == [])
  }

  @Test("The snapshot of a source is what was there, under its own name, whatever happens to the source")
  func snapshot() throws {
    let attempt = try openAttempt()
    let source = directory.appending("Wälzlager 軸受.step")
    try write("v1", to: source)
    let snapshot = try InputSnapshot(of: source.string, relativeTo: "/", into: attempt)
    try write("v2 is longer", to: source)
    #expect(try read(snapshot.path.string) == "v1")
    #expect(snapshot.path.lastComponent == source.lastComponent)
    #expect(snapshot.digest.sha256 == FileDigest.sha256(of: "v1"))
  }

  @Test("A relative source starts at the base directory")
  func relativeSource() throws {
    let attempt = try openAttempt()
    try write("x", to: directory.appending("part.step"))
    let snapshot = try InputSnapshot(of: "part.step", relativeTo: directory, into: attempt)
    #expect(snapshot.source == directory.appending("part.step"))
  }

  @Test("A source that cannot be used is refused with a sentence that names it")
  func badSources() throws {
    try write("", to: directory.appending("empty.step"))
    mkfifo(directory.appending("pipe.step").string, 0o600)
    let cases: [(String, FailureClass, String)] = [
      ("", .invalidInput, "is empty; it must be the path"),
      ("a\0b", .invalidInput, "NUL"),
      ("missing.step", .missingInput, "missing.step does not exist"),
      ("attempts", .invalidInput, "attempts is a directory"),
      ("/", .invalidInput, "is a directory"),
      ("empty.step", .invalidInput, "empty.step is empty (0 bytes)"),
      ("pipe.step", .invalidInput, "pipe.step is not a regular file"),
      (String(repeating: "x", count: 300), .invalidInput, "longer than the file system allows"),
    ]
    for (index, (source, failureClass, words)) in cases.enumerated() {
      let attempt = try openAttempt(JobID(index + 10))
      #expect("\(source) must be refused") {
        try InputSnapshot(of: source, relativeTo: directory, into: attempt)
      } throws: { error in
        guard let failure = error as? JobFailure else { return false }
        return failure.failureClass == failureClass && failure.message.contains(words)
      }
    }
  }
}
