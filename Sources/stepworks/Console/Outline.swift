import Jobs

/// A JSON value as indented lines for people: `triangles  109732`.
struct Outline {
  let lines: [String]

  init(_ value: JSONValue) { lines = Self.lines(of: value) }

  /// A list that is longer, in characters, gets a line for each member.
  private static let longestLine = 100
  /// So many of them.
  private static let mostMembers = 5

  private static func lines(of value: JSONValue) -> [String] {
    guard case .object(let members) = value else { return [value.stringValue ?? value.text] }
    let width = members.keys.map { TextWidth.columns(of: $0) }.max() ?? 0
    return members.sorted { $0.key < $1.key }.flatMap { key, member -> [String] in
      if case .object(let inner) = member, !inner.isEmpty {
        return [key] + lines(of: member).map { "  \($0)" }
      }
      if case .array(let list) = member, list.count > 1, member.text.count > longestLine {
        let shown = list.prefix(mostMembers).map { "  \($0.stringValue ?? $0.text)" }
        let left = list.count - shown.count
        return [key] + shown + (left > 0 ? ["  … \(left) more; --json shows all"] : [])
      }
      return ["\(TextWidth.padded(key, to: width))  \(member.stringValue ?? member.text)"]
    }
  }
}
