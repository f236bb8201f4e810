package import Jobs

/// Names for files, made of what is known of them: `{source}/{role}{suffix}`.
///
/// A value never adds a directory and never leads out of one: `/` and control characters in it become `_`, and so does a
/// dot that a name would start with. A component that comes out empty is left out.
package struct NameTemplate: Sendable, Hashable {
  /// What may stand in braces. `{name:40}` is cut after 40 characters.
  package enum Variable: String, Sendable, CaseIterable {
    case source, step, role, name, stem, suffix, view, frame, tenant, job, date, sha256

    package var summary: String {
      switch self {
      case .source: "the name of the source file, without its ending"
      case .step: "the step that made it"
      case .role: "what it is to its job: glb, picture, mp4"
      case .name: "its own name, with its ending"
      case .stem: "its own name, without its ending"
      case .suffix: "its ending, with the dot: .glb"
      case .view: "the view that a picture shows; empty for anything else"
      case .frame: "the number of a frame, four digits; empty for anything else"
      case .tenant: "whose it is"
      case .job: "the id of the job that made it"
      case .date: "the day, 2026-01-31, in UTC"
      case .sha256: "its digest; {sha256:12} is unique enough"
      }
    }
  }

  private enum Piece: Sendable, Hashable {
    case text(String)
    case variable(Variable, limit: Int)
  }

  package let text: String
  private let components: [[Piece]]

  /// What file systems allow, in bytes.
  package static let longestName = 255

  /// - Throws: ``NameTemplateError`` when it names a variable that there is not, or leads out of its directory.
  package init(_ text: String) throws(NameTemplateError) {
    self.text = text
    guard !text.hasPrefix("/") else {
      throw NameTemplateError("The template '\(text)' starts with a slash; it names a place inside the directory.")
    }
    // Swift takes a slash with a combining mark for another character; the file system does not.
    let scalars = text.unicodeScalars
    guard !scalars.contains(where: \.isControl), scalars.count(where: { $0 == "/" }) == text.count(where: { $0 == "/" })
    else {
      throw NameTemplateError("The template '\(text.harmless)' has a character that no name of a file should have.")
    }
    var components: [[Piece]] = []
    for part in text.split(separator: "/") {
      guard !part.hasPrefix(".") else {
        throw NameTemplateError("The template '\(text)' has a name that starts with a dot; leave the dot out.")
      }
      components.append(try Self.pieces(of: part, in: text))
    }
    guard !components.isEmpty else { throw NameTemplateError("The template is empty; try {source}/{name}.") }
    self.components = components
  }

  private static func pieces(of part: Substring, in text: String) throws(NameTemplateError) -> [Piece] {
    var pieces: [Piece] = []
    var rest = part
    while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
      guard rest[brace] == "{", let end = rest[brace...].firstIndex(of: "}") else {
        throw NameTemplateError("The template '\(text)' has a brace without its partner.")
      }
      pieces.append(try variable(rest[rest.index(after: brace)..<end], in: text))
      rest = rest[rest.index(after: end)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    return pieces
  }

  private static func variable(_ content: Substring, in text: String) throws(NameTemplateError) -> Piece {
    let parts = content.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let variable = Variable(rawValue: String(parts[0])) else {
      let known = Variable.allCases.map(\.rawValue).joined(separator: ", ")
      throw NameTemplateError("The template '\(text)' names {\(content)}; there are \(known).")
    }
    guard parts.count == 2 else { return .variable(variable, limit: longestName) }
    guard let limit = Int(parts[1]), (1...longestName).contains(limit) else {
      throw NameTemplateError(
        "The template '\(text)' cuts {\(content)}; after the colon stands a number from 1 to \(longestName).")
    }
    return .variable(variable, limit: limit)
  }

  /// Where a file of this description belongs: a relative path without `.` and `..`.
  /// - Throws: ``NameTemplateError`` when nothing is left of it, or a name is longer than file systems allow.
  package func place(of file: FileDescription) throws(NameTemplateError) -> String {
    var names: [String] = []
    for pieces in components {
      var name = ""
      for piece in pieces {
        switch piece {
        case .text(let text): name += text
        case .variable(let variable, let limit): name += file[variable].harmless.prefix(limit)
        }
      }
      if name.isEmpty { continue }
      name = name.withoutLeadingDot
      guard name.utf8.count <= Self.longestName else {
        throw NameTemplateError(
          "The template '\(text)' gives \(file.name) a name of \(name.utf8.count) bytes, and \(Self.longestName) are allowed; cut a part of it: {source:40}."
        )
      }
      guard name.isSeparable else {
        throw NameTemplateError(
          "The template '\(text)' gives \(file.name) the name '\(name)', which starts with a combining mark or ends with a mark that joins what follows; put a letter there."
        )
      }
      names.append(name)
    }
    guard !names.isEmpty else { throw NameTemplateError("The template '\(text)' gives \(file.name) no name at all.") }
    return names.joined(separator: "/")
  }
}

extension String {
  /// As one component of a path: it neither adds a directory nor leads out of one.
  package var asFileName: String { harmless.withoutLeadingDot }

  /// Whether a slash before or after it stays a slash: Swift takes one with a combining mark for another character, and
  /// who looks for directories would miss this one.
  package var isSeparable: Bool { "/\(self)/".count { $0 == "/" } == 2 }

  fileprivate var harmless: String {
    var result = ""
    for scalar in unicodeScalars {
      result.unicodeScalars.append(scalar == "/" || scalar.isControl ? "_" : scalar)
    }
    return result
  }

  fileprivate var withoutLeadingDot: String { hasPrefix(".") ? "_" + dropFirst() : self }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { value < 32 || (0x7F...0x9F).contains(value) }
}

/// A template that can't be used: one sentence.
package struct NameTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// What a template may say of a file.
package struct FileDescription: Sendable, Hashable {
  /// The last component of its path.
  package var name: String
  package var role: String
  package var sha256: String
  package var step: StepName
  package var jobID: JobID
  package var tenant: String
  /// As its job was given it.
  package var source: String?
  package var view: String?
  package var frame: Int64?
  package var date: Timestamp

  package init(
    path: String, role: String, sha256: String, step: StepName, jobID: JobID, tenant: String, source: String?,
    view: String?, frame: Int64?, date: Timestamp
  ) {
    self.name = Self.lastComponent(of: path)
    self.role = role
    self.sha256 = sha256
    self.step = step
    self.jobID = jobID
    self.tenant = tenant
    self.source = source
    self.view = view
    self.frame = frame
    self.date = date
  }

  subscript(variable: NameTemplate.Variable) -> String {
    switch variable {
    case .source: source.map { Self.parts(of: Self.lastComponent(of: $0)).stem } ?? ""
    case .step: step.rawValue
    case .role: role
    case .name: name
    case .stem: Self.parts(of: name).stem
    case .suffix: Self.parts(of: name).suffix
    case .view: view ?? ""
    case .frame: frame.map(Self.fourDigits) ?? ""
    case .tenant: tenant
    case .job: String(jobID)
    case .date: String(date.iso8601.prefix(10))
    case .sha256: sha256
    }
  }

  private static func lastComponent(of path: String) -> String {
    path.unicodeScalars.split(separator: "/").last.map { String($0) } ?? ""
  }

  /// A dot at the beginning starts no ending.
  static func parts(of name: String) -> (stem: String, suffix: String) {
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return (name, "") }
    return (String(name[..<dot]), String(name[dot...]))
  }

  private static func fourDigits(_ number: Int64) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
