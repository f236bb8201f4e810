import Glibc
package import Jobs
package import SystemPackage

/// A file as it stands in the store, whether or not an artifact names it.
package struct PublishedFile: Sendable, Hashable {
  package let path: FilePath
  package let bytes: Int64
  /// When it was published, or last taken over by a job.
  package let changedAt: Timestamp

  /// `<sha256>/<name>`.
  package var name: String { path.components.suffix(2).map(\.string).joined(separator: "/") }
}

extension ArtifactStore {
  /// How long a file stays that no artifact names: a run publishes before it is settled, which may take as long as a
  /// disk is full.
  package static let unnamedRetention: Duration = .seconds(24 * 60 * 60)

  /// What stands in the store: every published file, without the sidecars.
  package struct Listing: Sendable, Hashable {
    package var files: [PublishedFile] = []
    /// What nobody has published: entries that are not `<aa>/<sha256>/<file>`.
    package var strangers: [FilePath] = []
  }

  /// Directories that go away meanwhile are passed over.
  package func listing() throws -> Listing {
    var listing = Listing()
    for shelf in try Self.directories(in: artifacts, digits: 2, &listing) {
      for place in try Self.directories(in: shelf, digits: 64, &listing) {
        let names = Set(try Self.entries(of: place).compactMap { $0.lastComponent?.string })
        for name in names.sorted() {
          if let owner = Self.owner(ofSidecar: name), names.contains(owner) { continue }
          let path = place.appending(name)
          if let file = Self.file(at: path) {
            listing.files.append(file)
          } else if FileStatus.exists(path) {
            listing.strangers.append(path)
          }
        }
      }
    }
    return listing
  }

  /// Those whose name is this many lowercase hexadecimal digits; all else is a stranger.
  private static func directories(in directory: FilePath, digits: Int, _ listing: inout Listing) throws -> [FilePath] {
    try entries(of: directory).sorted { $0.string < $1.string }.filter { path in
      let name = path.lastComponent?.string ?? ""
      var status = stat()
      guard stat(path.string, &status) == 0 || lstat(path.string, &status) == 0 else { return false }
      let isOurs =
        name.count == digits && name.allSatisfy { $0.isASCII && $0.isHexDigit && !$0.isUppercase }
        && status.st_mode & S_IFMT == S_IFDIR
      if !isOurs { listing.strangers.append(path) }
      return isOurs
    }
  }

  /// Whether it is still the file that was looked at, and no job has taken it over since.
  package func isUnchanged(_ file: PublishedFile) -> Bool { Self.file(at: file.path) == file }

  /// Removes a file with its sidecars, and its directories when nothing else is in them.
  package func remove(_ file: PublishedFile) throws {
    guard let name = file.path.lastComponent?.string else { return }
    let place = file.path.removingLastComponent()
    try Files.remove(file.path)
    for entry in try Self.entries(of: place)
    where entry.lastComponent.flatMap({ Self.owner(ofSidecar: $0.string) }) == name {
      try Files.remove(entry)
    }
    // A publication that wants them back at this moment makes them again.
    if rmdir(place.string) == 0 { rmdir(place.removingLastComponent().string) }
  }

  /// Whose sidecar it is, by its name: see ``Attempt/publish(_:role:mediaType:provenance:)``.
  private static func owner(ofSidecar name: String) -> String? {
    guard name.hasSuffix(".json") else { return nil }
    let stem = name.dropLast(5)
    let key = stem.suffix(12)
    guard key.count == 12, key.allSatisfy({ $0.isHexDigit && !$0.isUppercase }), stem.dropLast(12).last == "." else {
      return nil
    }
    return String(stem.dropLast(13))
  }

  private static func entries(of directory: FilePath) throws -> [FilePath] {
    do {
      return try Files.list(directory).map { directory.appending($0) }
    } catch let error as StoreError where error.errno == .noSuchFileOrDirectory {
      return []
    }
  }

  private static func file(at path: FilePath) -> PublishedFile? {
    var status = stat()
    guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let changed = Int64(status.st_ctim.tv_sec) * 1000 + Int64(status.st_ctim.tv_nsec) / 1_000_000
    return PublishedFile(path: path, bytes: Int64(status.st_size), changedAt: Timestamp(milliseconds: changed))
  }
}
