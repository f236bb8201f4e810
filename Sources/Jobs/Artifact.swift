/// A published file: a row of `artifacts`.
package struct Artifact: Sendable, Hashable, Codable {
  /// What it is to the job: `glb`, `metadata`.
  package var role: String
  /// Absolute path in the store. The file never changes once it is there.
  package var path: String
  package var mediaType: String
  package var bytes: Int64
  /// Lowercase hexadecimal SHA-256 of the file.
  package var sha256: String
  /// Lowercase hexadecimal SHA-256 of ``provenance``: files of equal keys and names are equal.
  package var derivationKey: String
  /// Everything that determines the file: step and its version, digest of the input, resolved parameters, tools.
  package var provenance: JSONValue

  package init(
    role: String, path: String, mediaType: String, bytes: Int64, sha256: String, derivationKey: String,
    provenance: JSONValue
  ) {
    self.role = role
    self.path = path
    self.mediaType = mediaType
    self.bytes = bytes
    self.sha256 = sha256
    self.derivationKey = derivationKey
    self.provenance = provenance
  }

  private enum CodingKeys: String, CodingKey {
    case role, path, bytes, sha256, provenance
    case mediaType = "media_type"
    case derivationKey = "derivation_key"
  }
}
