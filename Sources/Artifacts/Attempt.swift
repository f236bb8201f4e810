package import Jobs
package import SystemPackage

/// The private directory of one run of a job.
///
/// A tool writes only here; what is worth keeping leaves by ``publish(_:role:mediaType:provenance:)``.
package struct Attempt: Sendable {
  let store: ArtifactStore
  package let directory: FilePath
  /// Kept after the run.
  package let logDirectory: FilePath

  /// Renames a file that the run has made into the store.
  ///
  /// The file must be a regular one in this directory with at least one byte; that its content is right the step has
  /// checked. It is on the disk before the artifact is returned, read-only, with a sidecar that says where it came from.
  /// - Parameter name: relative to ``directory``.
  /// - Throws: ``JobFailure`` of class `invalid_output` or `no_space`.
  package func publish(_ name: String, role: String, mediaType: String, provenance: JSONValue) throws -> Artifact {
    let relative = FilePath(name)
    guard !relative.isAbsolute, relative.components.count == 1, relative.components.first?.kind == .regular else {
      throw JobFailure(.invalidOutput, "The tool named an output outside its directory: '\(name)'.")
    }
    do {
      let file = directory.appending(relative.components)
      let digest = try digest(of: file, name)
      guard digest.bytes > 0 else { throw JobFailure(.invalidOutput, "The tool wrote an empty file: '\(name)'.") }
      try Files.makeReadOnly(file)
      try Files.flush(file)
      let place = store.artifacts.appending(String(digest.sha256.prefix(2))).appending(digest.sha256)
      let published = place.appending(relative.components)
      try move(file, to: published, in: place)
      let artifact = Artifact(
        role: role, path: published.string, mediaType: mediaType, bytes: digest.bytes, sha256: digest.sha256,
        derivationKey: Artifact.derivationKey(of: provenance), provenance: provenance)
      try writeSidecar(of: artifact, name: name, in: place)
      for directory in [place, place.removingLastComponent(), store.artifacts] { try Files.flush(directory) }
      return artifact
    } catch let error as StoreError {
      throw error.asStepError
    }
  }

  /// Tried again when a collection of garbage has taken the empty directory away.
  private func move(_ file: FilePath, to published: FilePath, in place: FilePath) throws {
    for _ in 0..<3 {
      try Files.makeDirectory(place)
      do {
        return try Files.move(file, to: published)
      } catch let error as StoreError where error.errno == .noSuchFileOrDirectory {
        continue
      }
    }
    try Files.move(file, to: published)
  }

  private func digest(of file: FilePath, _ name: String) throws -> FileDigest {
    do {
      return try FileDigest(of: file, followSymlinks: false)
    } catch let error as StoreError {
      switch error.errno {
      case .noSuchFileOrDirectory, .tooManySymbolicLinkLevels, .isDirectory, .invalidArgument:
        throw JobFailure(.invalidOutput, "The tool named an output that is no regular file: '\(name)'.")
      default:
        throw error
      }
    }
  }

  /// `<name>.<derivation key, 12 digits>.json`: equal bytes may be derived in several ways.
  private func writeSidecar(of artifact: Artifact, name: String, in place: FilePath) throws {
    let sidecar = "\(name).\(artifact.derivationKey.prefix(12)).json"
    let text = JSONValue.object([
      "sha256": .string(artifact.sha256), "bytes": .integer(artifact.bytes), "media_type": .string(artifact.mediaType),
      "role": .string(artifact.role), "derivation_key": .string(artifact.derivationKey),
      "provenance": artifact.provenance,
    ]).text
    let draft = directory.appending(".sidecar")
    try Files.write(text + "\n", to: draft)
    try Files.flush(draft)
    try Files.move(draft, to: place.appending(sidecar))
  }

  /// Puts a file of the store into this directory: a second name of it, or a copy where the file system has no such thing.
  /// - Parameters:
  ///   - path: absolute; a regular file. It stays where it is.
  ///   - name: relative to ``directory``; directories on the way are made.
  /// - Returns: where it is now.
  /// - Throws: ``JobFailure`` of class `no_space`, or ``StepSnooze``, as a disk that says no does.
  @discardableResult
  package func adopt(_ path: FilePath, as name: String) throws -> FilePath {
    let place = directory.appending(FilePath(name).components)
    do {
      try Files.makeDirectory(place.removingLastComponent())
      try Files.link(path, as: place)
    } catch let error as StoreError {
      throw error.asStepError
    }
    return place
  }

  /// A directory for the logs of one of several runs, beside those of the attempt.
  package func openLogDirectory(_ name: String) throws -> FilePath {
    let path = logDirectory.appending(name)
    do {
      try Files.makeDirectory(path)
    } catch let error as StoreError {
      throw error.asStepError
    }
    return path
  }

  /// Writes a small file beside the logs, where it is kept.
  package func keep(_ text: String, as name: String) throws -> FilePath {
    let path = logDirectory.appending(name)
    do {
      try Files.write(text, to: path)
    } catch let error as StoreError {
      throw error.asStepError
    }
    return path
  }

  /// Removes the directory; the logs stay.
  package func discard() throws { try Files.remove(directory) }
}
