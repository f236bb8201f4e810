import Artifacts
import Jobs
import SystemPackage

/// Where a delivery goes: a directory that the operator has opened to deliveries, and the place in it.
struct DeliveryRoot: Sendable, Hashable {
  /// It must be there: an empty mount point is not filled.
  let base: FilePath
  /// What comes before the name of each file, below ``base``; with a slash at its end unless it is empty.
  let prefix: String

  /// - Parameters:
  ///   - directory: as the producer gave it.
  ///   - roots: absolute; a component with `{tenant}` in it, and those after it, are made as needed.
  /// - Throws: ``JobFailure`` of class `invalid_input` when it is under none of them.
  init(of directory: String, for tenant: String, among roots: [FilePath]) throws {
    guard let first = roots.first else {
      throw JobFailure(
        .invalidInput,
        "This worker delivers nowhere: name the directories that it may write under in deliver.roots, then retry the job."
      )
    }
    guard !directory.isEmpty, !directory.utf8.contains(0) else {
      throw JobFailure(.invalidInput, "The parameter 'directory' is no path; name a directory under \(first).")
    }
    // Made into one, it could be another tenant's.
    guard tenant.asFileName == tenant || !roots.contains(where: { $0.string.contains(Self.tenantMark) }) else {
      throw JobFailure(
        .invalidInput,
        "The tenant '\(tenant)' can have no directory of its own: its name has a slash or a control character in it, or starts with a dot. Deliver for a tenant of another name, or name roots without \(Self.tenantMark) in deliver.roots."
      )
    }
    let given = FilePath(directory)
    let scopes = roots.map { root in FilePath(Self.filled(root, for: tenant)).lexicallyNormalized() }
    let path = scopes[0].pushing(given).lexicallyNormalized()
    guard let index = scopes.firstIndex(where: { path.starts(with: $0) }) else {
      throw JobFailure(
        .invalidInput,
        "\(path) is not under a directory that deliver.roots allows: \(scopes.map(\.string).joined(separator: ", ")).")
    }
    guard !path.components.contains(where: { $0.string.hasPrefix(".stepworks-") }) else {
      throw JobFailure(.invalidInput, "\(path) has a name that deliveries use for themselves; choose another.")
    }
    if let name = path.components.first(where: { $0.string.utf8.count > NameTemplate.longestName }) {
      throw JobFailure(
        .invalidInput,
        "The parameter 'directory' has a name of \(name.string.utf8.count) bytes, and \(NameTemplate.longestName) are allowed; choose a shorter one."
      )
    }
    guard path.components.allSatisfy(\.string.isSeparable) else {
      throw JobFailure(
        .invalidInput,
        "\(path) has a name that starts with a combining mark or ends with one that joins; choose another.")
    }
    base = Self.fixedPart(of: roots[index])
    var rest = path
    _ = rest.removePrefix(base)
    prefix = rest.components.isEmpty ? "" : rest.string + "/"
  }

  private static let tenantMark = "{tenant}"

  private static func filled(_ root: FilePath, for tenant: String) -> String {
    root.string.replacing(tenantMark, with: tenant)
  }

  /// The part that is the same for all tenants.
  private static func fixedPart(of root: FilePath) -> FilePath {
    var fixed = root.lexicallyNormalized()
    while fixed.string.contains(tenantMark) { fixed.removeLastComponent() }
    return fixed
  }
}
