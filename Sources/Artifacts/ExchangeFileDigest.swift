import Crypto
package import SystemPackage

/// The digest of what a STEP file says, whatever it looks like: an ISO 10303-21 exchange structure written again with
/// another time stamp, other entity numbers, other white space or comments has the same.
///
/// Entities keep their order and are numbered as they first appear, so two files of equal digest differ in nothing that
/// a reader could tell them apart by, save the names of their entities. Numbers and strings are taken as they are
/// written. One pass, a megabyte at a time; memory grows with the count of entities (16–32 bytes each).
///
/// The reader that counts is OpenCASCADE's, and somebody may want to be taken for another's file. So what that reader
/// sees is never left out here: to it a string ends where a parenthesis or a comma follows, at most blanks and line ends
/// between; `HEADER ;` is no `HEADER;`; `#1` is no entity's own name when a line end or a comment stands before its `=`;
/// and numbers of entities have 31 bits.
package enum ExchangeFileDigest {
  /// - Returns: lowercase hexadecimal SHA-256, never that of a file's bytes; `nil` for what is not a whole exchange
  ///   structure in clear text, or would be read as another one than is written.
  /// - Throws: ``StoreError``.
  package static func of(_ path: FilePath) throws -> String? {
    var scanner = Scanner()
    var isWellFormed = true
    try RegularFile.read(path, followSymlinks: false) { chunk in
      if isWellFormed { isWellFormed = scanner.scan(UnsafeRawBufferPointer(chunk)) }
    }
    return isWellFormed ? scanner.finish() : nil
  }

  private struct Scanner {
    private enum State {
      case plain
      /// After `/`: perhaps a comment.
      case slash
      case comment
      /// After `*` in a comment.
      case commentStar
      case string
      /// After a quote in a string, perhaps its end.
      case quote
      /// After the end of a string, where only blanks and line ends may come before `)` and `,`.
      case stringEnd
      /// After a doubled quote, and blanks and line ends after it.
      case doubledQuote
      /// The digits of `#123`.
      case entity(UInt64, digits: Int)
    }

    private var state = State.plain
    private var hasher = SHA256()
    private var output: [UInt8] = []
    private var numbers: [UInt64: Int] = [:]
    /// White space or a comment came after the last token byte.
    private var hasGap = false
    /// More than blanks and tabs.
    private var isWideGap = false
    private var last = UInt8(ascii: ";")
    /// The words outside of strings of the current statement, to know sections and FILE_NAME by.
    private var keyword: [UInt8] = []
    private var depth = 0
    private var argument = 0
    private var sections: [String] = []
    private var isInHeader = false

    private static let fileName = Array("FILE_NAME".utf8)
    private static let outputBytes = 1 << 16
    /// Says that this is no digest of a file: no file can be made to have it as its own.
    private static let domain = Array("stepworks exchange structure 2\n".utf8)
    private static let entityNumbers: ClosedRange<UInt64> = 1...UInt64(Int32.max)
    /// Of FILE_NAME (ISO 10303-21, 8.2.3): the second argument is the time stamp.
    private static let timeStampArgument = 1

    init() { hasher.update(data: Self.domain) }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) -> Bool {
      for byte in bytes {
        guard step(byte) else { return false }
      }
      return true
    }

    mutating func finish() -> String? {
      guard case .plain = state, depth == 0, sections.first == "ISO-10303-21", sections.contains("DATA"),
        sections.last == "END-ISO-10303-21"
      else { return nil }
      hasher.update(data: output)
      return FileDigest.hexadecimal(hasher.finalize())
    }

    private mutating func step(_ byte: UInt8) -> Bool {
      switch state {
      case .plain:
        return plain(byte)
      case .slash:
        state = .plain
        if byte == UInt8(ascii: "*") {
          state = .comment
          return true
        }
        token(UInt8(ascii: "/"))
        return plain(byte)
      case .comment:
        if byte == UInt8(ascii: "*") { state = .commentStar }
      case .commentStar:
        if byte == UInt8(ascii: "/") {
          state = .plain
          (hasGap, isWideGap) = (true, true)
        } else if byte != UInt8(ascii: "*") {
          state = .comment
        }
      case .string:
        if byte == UInt8(ascii: "'") { state = .quote }
        if !isTimeStamp { emit(byte) }
      case .quote, .stringEnd:
        if Self.isStringSpace(byte) {
          state = .stringEnd
        } else if Self.followsString(byte) {
          state = .plain
          return plain(byte)
        } else {
          guard case .quote = state, byte == UInt8(ascii: "'") else { return false }
          state = .doubledQuote
          if !isTimeStamp { emit(byte) }
        }
      case .doubledQuote:
        // The reader takes it for the end; it passes over double quotes, too, to look for what follows.
        guard !Self.followsString(byte) else { return false }
        if byte == UInt8(ascii: "'") {
          state = .quote
        } else if !Self.isStringSpace(byte), byte != UInt8(ascii: "\"") {
          state = .string
        }
        if !isTimeStamp { emit(byte) }
      case .entity(let number, let digits):
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
          guard Self.entityNumbers.contains(number) else { return false }
          name(number)
          state = .plain
          return plain(byte)
        }
        guard digits < 18 else { return false }
        state = .entity(number * 10 + UInt64(byte - UInt8(ascii: "0")), digits: digits + 1)
      }
      return true
    }

    private mutating func plain(_ byte: UInt8) -> Bool {
      switch byte {
      case 0x09, 0x20:
        hasGap = true
      case 0x0A, 0x0D:
        (hasGap, isWideGap) = (true, true)
      case UInt8(ascii: "/"):
        state = .slash
      case UInt8(ascii: "'"):
        if !isTimeStamp { token(byte) }
        state = .string
      case UInt8(ascii: "#"):
        state = .entity(0, digits: 0)
      case UInt8(ascii: ";"):
        guard depth == 0 else { return false }
        endStatement()
        token(byte)
      case UInt8(ascii: "("):
        depth += 1
        if depth == 1 { argument = 0 }
        token(byte)
      case UInt8(ascii: ")"):
        depth -= 1
        guard depth >= 0 else { return false }
        token(byte)
      case UInt8(ascii: ","):
        if depth == 1 { argument += 1 }
        token(byte)
      default:
        if depth == 0, keyword.count < 32 { keyword.append(byte) }
        token(byte)
      }
      return true
    }

    private var isTimeStamp: Bool {
      isInHeader && depth == 1 && argument == Self.timeStampArgument && keyword == Self.fileName
    }

    private mutating func endStatement() {
      let word = String(decoding: keyword, as: UTF8.self)
      keyword.removeAll(keepingCapacity: true)
      switch word {
      case "ISO-10303-21", "HEADER", "DATA", "END-ISO-10303-21": sections.append(word)
      default: return
      }
      isInHeader = word == "HEADER"
    }

    /// White space counts only where it keeps two words apart, or a word from a sign that the reader takes with it.
    private mutating func token(_ byte: UInt8) {
      if hasGap, Self.isWord(last) {
        switch byte {
        case UInt8(ascii: ";"): emit(0x20)
        case UInt8(ascii: "="): if isWideGap { emit(0x20) }
        default: if Self.isWord(byte) { emit(0x20) }
        }
      }
      (hasGap, isWideGap) = (false, false)
      last = byte
      emit(byte)
    }

    private mutating func name(_ number: UInt64) {
      let canonical = numbers[number] ?? numbers.count
      numbers[number] = canonical
      token(UInt8(ascii: "#"))
      for digit in String(canonical).utf8 { token(digit) }
    }

    private mutating func emit(_ byte: UInt8) {
      output.append(byte)
      if output.count == Self.outputBytes {
        hasher.update(data: output)
        output.removeAll(keepingCapacity: true)
      }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="): false
      default: true
      }
    }

    private static func isStringSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D }

    private static func followsString(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ")") || byte == UInt8(ascii: ",") }
  }
}
