import Jobs
import Queueing
import TestSupport
import Testing

/// How much room the artifacts of a tenant may take.
@Suite struct QuotaTests {
  private static func artifact(_ name: String, bytes: Int64, key: Character = "b") -> Artifact {
    Artifact(
      role: "glb", path: "/store/\(name)", mediaType: "model/gltf-binary", bytes: bytes,
      sha256: String(repeating: "a", count: 64), derivationKey: String(repeating: key, count: 64),
      provenance: .object([:]))
  }

  private static func made(_ artifacts: Artifact...) -> RunEnding { .completed(StepResult(artifacts: artifacts)) }

  private func usage(_ fixture: QueueFixture, _ tenant: String = "default") async throws -> Int64? {
    try await fixture.queue.tenants().first { $0.name == tenant }?.artifactBytes
  }

  @Test func `A file counts once for a tenant, however many artifacts name it, until the last has gone`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for _ in 0..<2 {
      await fixture.settle(
        try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100), Self.artifact("b", bytes: 7)))
    }
    #expect(try await usage(fixture) == 107)
    try fixture.sql("PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = 1;")
    #expect(try await usage(fixture) == 107)
    #expect(try await fixture.queue.forgetArtifacts([3]) == 1)
    #expect(try await usage(fixture) == 7)
    try fixture.sql("PRAGMA foreign_keys = ON; DELETE FROM jobs WHERE id = 2;")
    #expect(try await usage(fixture) == 0)
  }

  @Test func `A number that somebody has changed is counted anew by the SQL of the contract`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    for name in ["a", "b"] {
      await fixture.settle(
        try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100), Self.artifact(name, bytes: 100)))
    }
    try fixture.sql("UPDATE tenants SET artifact_bytes = 3")
    try fixture.sql(
      """
      UPDATE tenants SET artifact_bytes = coalesce((SELECT sum(bytes) FROM (
        SELECT path, max(bytes) AS bytes FROM artifacts WHERE tenant = tenants.name GROUP BY path)), 0);
      """)
    #expect(try await usage(fixture) == 200)
  }

  @Test func `A job that would exceed the limit fails with all numbers, and nothing of it is recorded`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.setQuota(of: "default", maxArtifactBytes: 150)
    await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100)))
    let dependent = try await fixture.running(worker)
    let standing = await fixture.settle(
      dependent, Self.made(Self.artifact("b", bytes: 50), Self.artifact("c", bytes: 1)))
    guard case .settled(.failed(let failure)) = standing else {
      Issue.record("\(standing)")
      return
    }
    #expect(failure.failureClass == .noSpace)
    #expect(
      failure.message.hasPrefix(
        "The artifacts of tenant 'default' need at least 151 bytes and may take 150; remove old"))
    #expect(try await fixture.job(2).state == .failed)
    #expect(try await fixture.queue.artifacts(of: 2).isEmpty)
    #expect(try await usage(fixture) == 100)
    // Exactly full is allowed; a retry after the limit was raised goes through.
    await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("b", bytes: 50)))
    #expect(try await fixture.state(3) == .completed)
    try await fixture.queue.setQuota(of: "default", maxArtifactBytes: nil)
    #expect(try await fixture.queue.retry(2) == [2])
    await fixture.settle(
      try await fixture.claimOne(worker), Self.made(Self.artifact("b", bytes: 50), Self.artifact("c", bytes: 1)))
    #expect(try await usage(fixture) == 151)
  }

  @Test func `What adds nothing passes, even above the limit`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100)))
    try await fixture.queue.setQuota(of: "default", maxArtifactBytes: 10)
    #expect(
      await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100)))
        == .settled(.completed(.done)))
    #expect(await fixture.complete(try await fixture.running(worker)) == .settled(.completed(.done)))
  }

  @Test func `The limit of one tenant is nothing to another`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    try await fixture.queue.addTenant("small", maxArtifactBytes: 10)
    await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100)))
    try await fixture.enqueue(tenant: "small")
    await fixture.settle(try await fixture.claimOne(worker), Self.made(Self.artifact("a", bytes: 100)))
    #expect(try await fixture.job(2).error?.failureClass == .noSpace)
    try await fixture.enqueue(tenant: "small")
    await fixture.settle(try await fixture.claimOne(worker), Self.made(Self.artifact("b", bytes: 10)))
    #expect(try await usage(fixture, "small") == 10)
    #expect(try await usage(fixture) == 100)
  }

  @Test func `A tenant that is full does not begin to make something, but takes over what is made`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    let key = String(repeating: "c", count: 64)
    let made = Self.artifact("a", bytes: 100, key: "c")
    await fixture.settle(
      try await fixture.running(worker),
      .completed(StepResult(result: .object(["artifacts": .array([.object([:])])]), artifacts: [made])))
    try await fixture.queue.setQuota(of: "default", maxArtifactBytes: 100)
    let claimed = try await fixture.running(worker)
    let other = String(repeating: "d", count: 64)
    let error = await #expect(throws: QuotaReached.self) {
      try await fixture.queue.claimDerivation(other, of: claimed.job.token)
    }
    #expect(error?.failure.failureClass == .noSpace)
    #expect(error?.failure.message.contains("need at least 101 bytes and may take 100") == true)
    guard case .made(let earlier) = try await fixture.queue.claimDerivation(key, of: claimed.job.token) else {
      Issue.record("it was not found")
      return
    }
    #expect(earlier.artifacts == [made])
    await fixture.complete(claimed)
  }

  @Test func `Tenants are added once, with names and limits that mean something`() async throws {
    let fixture = try await QueueFixture()
    try await fixture.queue.addTenant("acme", maxArtifactBytes: 5)
    #expect(try await fixture.queue.tenants().map(\.name) == ["acme", "default"])
    await #expect(throws: QueueError.refused("There is a tenant 'acme' already.")) {
      try await fixture.queue.addTenant("acme")
    }
    await #expect(throws: QueueError.self) { try await fixture.queue.addTenant("") }
    await #expect(throws: QueueError.self) { try await fixture.queue.setQuota(of: "acme", maxArtifactBytes: 0) }
    await #expect(throws: QueueError.noSuchTenant("nobody", known: ["acme", "default"])) {
      try await fixture.queue.setQuota(of: "nobody", maxArtifactBytes: 1)
    }
  }

  @Test func `An artifact is not changed by anyone`() async throws {
    let fixture = try await QueueFixture()
    let worker = try await fixture.worker()
    await fixture.settle(try await fixture.running(worker), Self.made(Self.artifact("a", bytes: 100)))
    for change in ["bytes = 1", "tenant = 'x'", "path = '/x'", "sha256 = 'x'"] {
      #expect(try fixture.refusal(of: "UPDATE artifacts SET \(change);").contains("an artifact is not changed"))
    }
  }
}
