package import FoundationEssentials

/// One line of the protocol a tool speaks on standard output.
package enum ToolMessage: Sendable, Hashable {
  /// `{"progress":0.42,"message":"frame 10 of 24"}`; the fraction is clamped to 0…1.
  case progress(fraction: Double, message: String?)
  /// `{"log":"warning","message":"…"}`; the level is whatever the tool wrote.
  case log(level: String, message: String)
  /// `{"result":{…}}`: the bytes of the result object exactly as the tool wrote them. Valid JSON.
  case result(Data)
  /// `{"error":{"class":"invalid_input","message":"…"}}`
  case error(ToolReportedError)
}

/// What the tool itself says went wrong.
package struct ToolReportedError: Sendable, Hashable {
  /// A class of the project's list, as the tool wrote it; nil when it named none.
  package var errorClass: String?
  /// One sentence for a person.
  package var message: String

  package init(errorClass: String?, message: String) {
    self.errorClass = errorClass
    self.message = message
  }
}
