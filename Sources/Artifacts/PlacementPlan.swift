package import SystemPackage

/// A file of the store that is to stand elsewhere too.
package struct PlacedFile: Sendable, Hashable {
  /// Where the store has it.
  package var path: FilePath
  /// What it must be.
  package var sha256: String
  package var bytes: Int64
  /// Relative to the directory that it goes into.
  package var place: String

  package init(path: FilePath, sha256: String, bytes: Int64, place: String) {
    self.path = path
    self.sha256 = sha256
    self.bytes = bytes
    self.place = place
  }
}

/// Which file goes where, decided before anything is written.
package struct PlacementPlan: Sendable {
  /// In the order in which they were given; of equal files at one place the first.
  package private(set) var files: [PlacedFile] = []
  private var byPlace: [String: PlacedFile] = [:]
  /// Every directory of every place.
  private var directories: Set<String> = []

  /// - Parameter isNumbered: whether other files that belong at the same place become `name-2`, `name-3`, …; otherwise
  ///   they are an error.
  /// - Throws: ``PlacementError`` that names two files which can't both be there.
  package init(_ wanted: [PlacedFile], isNumbered: Bool = false) throws(PlacementError) {
    for file in wanted {
      var file = file
      let place = file.place
      var number = 1
      while let other = byPlace[file.place], other.sha256 != file.sha256 {
        guard isNumbered else {
          throw PlacementError(
            "\(other.path) and \(file.path) would both be \(place); tell them apart in the template, such as by {role}, {view} or {sha256:8}."
          )
        }
        number += 1
        file.place = Self.numbered(place, number)
      }
      if byPlace[file.place] == nil { add(file) }
    }
    if let place = files.map(\.place).first(where: directories.contains) {
      throw PlacementError("\(place) would be a file and a directory; change the template.")
    }
  }

  private mutating func add(_ file: PlacedFile) {
    files.append(file)
    byPlace[file.place] = file
    directories.formUnion(Self.directories(of: file.place))
  }

  /// `a/b/c.glb` is in `a` and in `a/b`: the outermost first.
  static func directories(of place: String) -> [String] {
    let names = place.split(separator: "/").dropLast()
    return names.indices.map { names[...$0].joined(separator: "/") }
  }

  private static func numbered(_ place: String, _ number: Int) -> String {
    let directory = directories(of: place).last.map { $0 + "/" } ?? ""
    let (stem, suffix) = FileDescription.parts(of: String(place.dropFirst(directory.count)))
    return "\(directory)\(stem)-\(number)\(suffix)"
  }

  /// A file that would stand in the data directory, which holds nothing but what workers write.
  /// - Parameter directory: that the files go into.
  package func intrusion(into dataDirectory: FilePath, from directory: FilePath) -> FilePath? {
    files.lazy.map { directory.appending($0.place) }
      .first { FileStatus.isWithin($0.removingLastComponent(), dataDirectory) }
  }

  /// The deepest directory that all files share, with a slash at its end; empty when there is none.
  package var commonDirectory: String {
    guard var common = files.first.map({ Self.directories(of: $0.place) }) else { return "" }
    for file in files.dropFirst() {
      let others = Set(Self.directories(of: file.place))
      common.removeAll { !others.contains($0) }
    }
    return common.last.map { $0 + "/" } ?? ""
  }
}

/// Files that can't be placed as they were asked to be: one sentence.
package struct PlacementError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
