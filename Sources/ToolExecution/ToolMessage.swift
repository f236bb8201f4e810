package import FoundationEssentials

/// One line of the protocol a tool speaks on standard output.
package enum ToolMessage: Sendable, Hashable {
  /// `{"progress":0.42,"message":"frame 10 of 24"}`; the fraction is clamped to 0…1.
  case progress(fraction: Double, message: String?)
  /// `{"phase":"mesh"}`: a part of the run that is timed begins, and the one before ends.
  case phase(String)
  /// `{"log":"warning","message":"…"}`; the level is whatever the tool wrote.
  case log(level: String, message: String)
  /// `{"result":{…}}`: the bytes of the result object exactly as the tool wrote them. Valid JSON.
  case result(Data)
  /// `{"error":{"class":"invalid_input","message":"…"}}`, of a warm tool also with `"exit":65`.
  case error(ToolReportedError)
}

/// A line of `messages.jsonl`.
enum ToolLine: Sendable {
  case message(ToolMessage)
  /// `{"ready":{"resident_bytes":N}}`: a warm tool waits for its next request.
  case ready(residentBytes: UInt64)
  /// Nothing the protocol knows.
  case other

  init(_ line: [UInt8]) {
    if let message = ToolMessage(line: line) {
      self = .message(message)
    } else if let ready = JSONObjectLine(line)?.members["ready"].flatMap({ JSONObjectLine(Array($0)) }),
      let bytes = ready.number("resident_bytes").flatMap({ UInt64(exactly: $0) })
    {
      self = .ready(residentBytes: bytes)
    } else {
      self = .other
    }
  }
}

/// What the tool itself says went wrong.
package struct ToolReportedError: Sendable, Hashable {
  /// A class of the project's list, as the tool wrote it; nil when it named none.
  package var errorClass: String?
  /// One sentence for a person.
  package var message: String
  /// What a warm tool, which goes on, would have exited with; nil when it did not say.
  package var exit: Int32?

  package init(errorClass: String?, message: String, exit: Int32? = nil) {
    self.errorClass = errorClass
    self.message = message
    self.exit = exit
  }
}

extension ToolMessage {
  /// Nil for a line that is no message: tools print what they like.
  ///
  /// Of a line with several meanings the first of result, error, progress, phase, log counts.
  package init?(line: [UInt8]) {
    guard let object = JSONObjectLine(line) else { return nil }
    if let result = object.members["result"], result.first == UInt8(ascii: "{") {
      self = .result(Data(result))
    } else if let error = object.members["error"].flatMap({ JSONObjectLine(Array($0)) }) {
      guard let message = error.string("message") else { return nil }
      let exit = error.number("exit").flatMap { Int32(exactly: $0) }
      self = .error(ToolReportedError(errorClass: error.string("class"), message: message, exit: exit))
    } else if let fraction = object.number("progress") {
      self = .progress(fraction: min(max(fraction, 0), 1), message: object.string("message"))
    } else if let phase = object.string("phase") {
      self = .phase(phase)
    } else if let level = object.string("log"), let message = object.string("message") {
      self = .log(level: level, message: message)
    } else {
      return nil
    }
  }
}

extension JSONObjectLine {
  fileprivate func string(_ key: String) -> String? {
    members[key].flatMap { try? JSONDecoder().decode(String.self, from: Data($0)) }
  }

  func number(_ key: String) -> Double? {
    members[key].flatMap { try? JSONDecoder().decode(Double.self, from: Data($0)) }
  }
}
