import Jobs

/// A JSON value as indented lines for people: `triangles  109732`.
struct Outline {
  let lines: [String]

  init(_ value: JSONValue) { lines = Self.lines(of: value) }

  private static func lines(of value: JSONValue) -> [String] {
    guard case .object(let members) = value else { return [value.stringValue ?? value.text] }
    let width = members.keys.map { TextWidth.columns(of: $0) }.max() ?? 0
    return members.sorted { $0.key < $1.key }.flatMap { key, member -> [String] in
      if case .object(let inner) = member, !inner.isEmpty {
        return [key] + lines(of: member).map { "  \($0)" }
      }
      return ["\(TextWidth.padded(key, to: width))  \(member.stringValue ?? member.text)"]
    }
  }
}
