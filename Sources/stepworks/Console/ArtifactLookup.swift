import Artifacts
import Jobs
import Queueing
import SystemPackage

/// Finds the artifact that somebody means.
struct ArtifactLookup {
  let queue: JobQueue

  /// The fewest digits of a digest that are taken for one.
  private static let shortestDigest = 4

  /// - Parameter name: an id, the path of a file in the store or of a copy of it, or the first digits of a digest.
  /// - Returns: the newest artifact of that name.
  /// - Throws: ``CommandFailure``: `missingInput` when there is none, `refused` when it may be one of several files.
  func find(_ name: String) async throws -> StoredArtifact {
    if let id = Int64(name), let found = try await artifact(id) { return found }
    if !name.isEmpty, name.contains("/") || FileStatus.exists(Settings.Surroundings.current.absolute(name)) {
      return try await find(at: Settings.Surroundings.current.absolute(name))
    }
    guard name.count >= Self.shortestDigest, name.count <= 64, name.allSatisfy(\.isHexDigit) else {
      throw CommandFailure(
        .missingInput,
        Int64(name) == nil
          ? "'\(name)' is no artifact: give an id, a path, or at least \(Self.shortestDigest) digits of a digest."
          : "There is no artifact \(name).")
    }
    let found = try await queue.storedArtifacts(digestPrefix: name)
    guard let newest = found.first else { throw CommandFailure(.missingInput, "There is no artifact \(name).") }
    let digests = Set(found.map(\.artifact.sha256)).sorted()
    guard digests.count == 1 else {
      let shown = digests.prefix(3).map { $0.prefix(name.count + 8) }.joined(separator: ", ")
      throw CommandFailure(.refused, "\(digests.count) files have a digest that starts with \(name): \(shown).")
    }
    return newest
  }

  func artifact(_ id: Int64) async throws -> StoredArtifact? {
    var filter = ArtifactFilter()
    filter.ids = [id]
    return try await queue.storedArtifacts(filter).first
  }

  /// A copy is known by its content.
  private func find(at path: FilePath) async throws -> StoredArtifact {
    if let stored = try await queue.storedArtifacts(at: path.string).first { return stored }
    guard FileStatus.exists(path) else { throw CommandFailure(.missingInput, "There is no file \(path).") }
    guard !FileStatus.isDirectory(path) else {
      throw CommandFailure(.missingInput, "\(path) is a directory, not a file; name the file itself.")
    }
    let digest = try await BlockingIO.run { try FileDigest(of: path) }
    guard let stored = try await queue.storedArtifacts(digestPrefix: digest.sha256).first else {
      throw CommandFailure(.missingInput, "No artifact has the content of \(path).")
    }
    return stored
  }
}
