import Glibc
package import Jobs
package import SystemPackage

/// Puts files of the store into a directory, so that a reader never sees a part of one.
///
/// They are first written into a hidden directory beside their places, read back against their digests as they are
/// written, and flushed. Then each is renamed to its place. When all of them share a directory that is not there yet,
/// that directory is renamed as a whole, and all appear at once.
package struct Placement: Sendable {
  /// What is at the place of a file.
  package enum Standing: Sendable, Hashable {
    case nothing
    /// The same bytes already.
    case same
    case another
  }

  package let directory: FilePath
  private let staging: FilePath

  /// Makes the directory, and an empty hidden one in it.
  /// - Parameter name: tells this placement from others into the same directory; leftovers of that name are removed.
  package init(into directory: FilePath, as name: String) throws {
    self.directory = directory
    staging = directory.appending(".stepworks-\(name)")
    try Files.makeDirectory(directory)
    try Files.remove(staging)
    try Files.makeDirectory(staging)
  }

  /// How long the hidden directory of a placement that never came to its end is left.
  private static let leftoverRetention: Duration = .seconds(24 * 60 * 60)

  /// Removes what dead placements have left: those whose name starts like this, and all that are a day old.
  package static func removeLeftovers(in directory: FilePath, named prefix: String, now: Timestamp) throws {
    for name in try Files.list(directory) where name.hasPrefix(".stepworks-") {
      let path = directory.appending(name)
      let age = Files.modificationTime(of: path).map { $0.duration(to: now) } ?? .zero
      if name.hasPrefix(".stepworks-\(prefix)") || age > leftoverRetention { try Files.remove(path) }
    }
  }

  /// Looks at what is at a place, without changing anything.
  /// - Throws: ``StoreError`` when it can't be read; ``PlacementError`` when the place is a directory or behind a link.
  package static func standing(of file: PlacedFile, in directory: FilePath) throws -> Standing {
    for name in PlacementPlan.directories(of: file.place) {
      guard try isDirectory(directory.appending(name)) else { return .nothing }
    }
    let place = directory.appending(file.place)
    var status = stat()
    guard lstat(place.string, &status) == 0 else { return .nothing }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: throw PlacementError("\(place) is a directory; move it away or change the template.")
    case S_IFREG where Int64(status.st_size) == file.bytes:
      return try FileDigest(of: place, followSymlinks: false).sha256 == file.sha256 ? .same : .another
    default: return .another
    }
  }

  /// Writes a file into the hidden directory.
  /// - Parameter isLinked: a second name for the file itself where the file system can, otherwise a copy.
  /// - Throws: ``StoreFault`` when it is not what it must be.
  package func stage(_ file: PlacedFile, isLinked: Bool = false) throws {
    let draft = try draft(of: file.place)
    let digest: FileDigest
    do {
      if isLinked {
        try Files.link(file.path, as: draft)
        digest = try FileDigest(of: draft, followSymlinks: false)
      } else {
        digest = try InputSnapshot.copy(file.path, to: draft, permissions: Self.permissions)
      }
    } catch let error as StoreError where error.path == file.path.string && error.errno == .noSuchFileOrDirectory {
      throw StoreFault(path: file.path, kind: .missing)
    } catch let error as StoreError where error.path == file.path.string && error.isPermanent {
      throw StoreFault(path: file.path, kind: .damaged)
    }
    guard digest.sha256 == file.sha256 else { throw StoreFault(path: file.path, kind: .damaged) }
    try Files.flush(draft)
  }

  /// Writes a text into the hidden directory.
  package func stage(_ text: String, at place: String) throws {
    let draft = try draft(of: place)
    try Files.write(text, to: draft)
    try Files.flush(draft)
  }

  /// Renames what was staged to its places.
  /// - Parameters:
  ///   - places: in this order.
  ///   - last: renamed when all others are on the disk: who sees it sees them.
  package func publish(_ places: [String], last: String? = nil) throws {
    if try publishAsWhole(places + [last].compactMap(\.self)) { return }
    for place in places { try publish(place) }
    try flushDirectories(of: places)
    guard let last else { return }
    try publish(last)
    try flushDirectories(of: [last])
  }

  /// Removes the hidden directory.
  package func discard() throws { try Files.remove(staging) }

  private static let permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]

  private func draft(of place: String) throws -> FilePath {
    let draft = staging.appending(place)
    try Files.makeDirectory(draft.removingLastComponent())
    return draft
  }

  private func publish(_ place: String) throws {
    for name in PlacementPlan.directories(of: place) { try makeDirectory(directory.appending(name)) }
    try Files.move(staging.appending(place), to: directory.appending(place))
  }

  /// - Returns: whether all were in one directory that was not there.
  private func publishAsWhole(_ places: [String]) throws -> Bool {
    var shared = places.first.map(PlacementPlan.directories(of:)) ?? []
    for place in places.dropFirst() {
      let others = Set(PlacementPlan.directories(of: place))
      shared.removeAll { !others.contains($0) }
    }
    guard let fresh = try shared.first(where: { try !Self.isDirectory(directory.appending($0)) }) else {
      return false
    }
    for name in Set(places.flatMap(PlacementPlan.directories(of:))) where name == fresh || name.hasPrefix(fresh + "/") {
      try Files.flush(staging.appending(name))
    }
    guard rename(staging.appending(fresh).string, directory.appending(fresh).string) == 0 else {
      // Somebody else has made it meanwhile.
      if errno == ENOTEMPTY || errno == EEXIST { return false }
      throw StoreError(path: directory.appending(fresh).string, errno: Errno(rawValue: errno))
    }
    try flushDirectories(of: [fresh])
    return true
  }

  private func flushDirectories(of places: [String]) throws {
    try Files.flush(directory)
    for name in Set(places.flatMap(PlacementPlan.directories(of:))) { try Files.flush(directory.appending(name)) }
  }

  private func makeDirectory(_ path: FilePath) throws {
    guard try !Self.isDirectory(path) else { return }
    guard mkdir(path.string, 0o777) == 0 || errno == EEXIST else {
      throw StoreError(path: path.string, errno: Errno(rawValue: errno))
    }
  }

  /// Whether a directory is there, or nothing.
  /// - Throws: ``PlacementError`` when something else is: a link would lead out of the directory.
  private static func isDirectory(_ path: FilePath) throws -> Bool {
    var status = stat()
    guard lstat(path.string, &status) == 0 else {
      if errno == ENOENT { return false }
      throw StoreError(path: path.string, errno: Errno(rawValue: errno))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw PlacementError("\(path) is in the way: it is no directory; move it away or change the template.")
    }
    return true
  }
}

/// A file of the store that is not what was published.
package struct StoreFault: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable { case missing, damaged }

  package let path: FilePath
  package let kind: Kind

  package init(path: FilePath, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  package var description: String {
    switch kind {
    case .missing: "\(path) is not in the store any more; enqueue its job again, which makes it anew."
    case .damaged: "\(path) is not the file that was published; enqueue its job again, which makes it anew."
    }
  }
}
