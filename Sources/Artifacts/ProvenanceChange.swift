package import Jobs

/// One ingredient in which two provenances differ.
package struct ProvenanceChange: Sendable, Hashable {
  /// Where it stands: `input_semantic_sha256`, `parameters.preset`, `tools.stepworks-cad.version`.
  package var ingredient: String
  /// `nil`: there was none.
  package var before: JSONValue?
  package var now: JSONValue?

  /// In the order of their names. Values are equal when their texts are, for those are what a derivation key is made of:
  /// 20 as read from a database and 20.0 of a default are one number.
  package static func all(from before: JSONValue, to now: JSONValue) -> [ProvenanceChange] {
    let (before, now) = (leaves(of: before), leaves(of: now))
    return Set(before.keys).union(now.keys).sorted().compactMap { name in
      before[name]?.text == now[name]?.text
        ? nil : ProvenanceChange(ingredient: name, before: before[name], now: now[name])
    }
  }

  /// Members of a provenance that say what the input was, not what was done with it.
  package static let inputs: Set<String> = ["input_sha256", "input_semantic_sha256", "name", "source_name"]

  private static func leaves(of value: JSONValue) -> [String: JSONValue] {
    var found: [String: JSONValue] = [:]
    collect(value, at: "", in: &found)
    return found
  }

  /// Tools are told apart by their names: their order means nothing to a reader.
  private static func collect(_ value: JSONValue, at path: String, in found: inout [String: JSONValue]) {
    let prefix = path.isEmpty ? "" : path + "."
    switch value {
    case .object(let members):
      for (name, member) in members { collect(member, at: prefix + name, in: &found) }
    case .array(let items) where path == "tools":
      for (index, item) in items.enumerated() {
        collect(item, at: prefix + (item["tool"]?.stringValue ?? "\(index)"), in: &found)
      }
    default:
      found[path] = value
    }
  }
}
