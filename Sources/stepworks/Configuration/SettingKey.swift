/// One key of the configuration: the single place where it is declared.
///
/// Names in the file are nested (`worker:` / `drainSeconds:`), in the environment `STEPWORKS_WORKER_DRAIN_SECONDS`.
package struct SettingKey: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    case text
    /// Relative ones start at the working directory.
    case path
    case integer(ClosedRange<Int>)
    /// A whole number, or this word.
    case integerOr(String, ClosedRange<Int>)
    case choice([String])
    /// In the file a list, in the environment separated by commas.
    case list
  }

  /// `worker.drainSeconds`.
  package let name: String
  package let kind: Kind
  /// As it stands in the file; `[]` for an empty list.
  package let defaultText: String
  /// One sentence, with the unit.
  package let summary: String

  init(_ name: String, _ kind: Kind, default defaultText: String, _ summary: String) {
    self.name = name
    self.kind = kind
    self.defaultText = defaultText
    self.summary = summary
  }

  package var components: [String] { name.split(separator: ".").map(String.init) }

  /// `STEPWORKS_WORKER_DRAIN_SECONDS`: an underscore before each capital that follows a small letter.
  package var environmentName: String {
    var result = "STEPWORKS_"
    var previous: Character = "."
    for character in name {
      if character == "." {
        result += "_"
      } else {
        if character.isUppercase, previous.isLowercase { result += "_" }
        result += character.isLetter || character.isNumber ? character.uppercased() : "_"
      }
      previous = character
    }
    return result
  }

  /// What a right value looks like, in words.
  package var expectation: String {
    switch kind {
    case .text: "a word"
    case .path: "a path"
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .integerOr(let word, let range):
      "a whole number from \(range.lowerBound) to \(range.upperBound), or \(word)"
    case .choice(let words): "one of \(words.joined(separator: ", "))"
    case .list: "a list such as [cad, default]"
    }
  }

  /// What is wrong with an element of a list, after its name; `nil` when it is right.
  func fault(inElement text: String) -> String? {
    guard self == .deliverRoots else { return nil }
    if text.isEmpty { return "has an empty element; name a directory" }
    return text.replacing("{tenant}", with: "").contains { $0 == "{" || $0 == "}" }
      ? "names '\(text)'; only {tenant} may stand in braces" : nil
  }

  /// Whether a scalar of this text is right; lists are checked element by element.
  func accepts(_ text: String) -> Bool {
    switch kind {
    case .text, .path, .list: !text.isEmpty
    case .integer(let range): Int(text).map(range.contains) ?? false
    case .integerOr(let word, let range): text == word || Int(text).map(range.contains) ?? false
    case .choice(let words): words.contains(text)
    }
  }
}
