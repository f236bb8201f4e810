import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Artifacts

@Suite struct ExchangeFileDigestTests {
  private let directory = try! TemporaryDirectory()

  private func digest(_ text: String) throws -> String? {
    let path = directory.file("part.step")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try ExchangeFileDigest.of(FilePath(path))
  }

  private static func file(
    stamp: String = "2026-01-01T00:00:00", header: String = "", data: String = original
  ) -> String {
    """
    ISO-10303-21;
    HEADER;
    FILE_DESCRIPTION(('A part'),'2;1');
    FILE_NAME('part.step','\(stamp)',('An author'),(''),'Pre 1','CAD 2',$);\(header)
    FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));
    ENDSEC;
    DATA;
    \(data)
    ENDSEC;
    END-ISO-10303-21;

    """
  }

  private static let original = """
    #1 = CARTESIAN_POINT('o',(0.,0.,1.5E-3));
    #2=DIRECTION('it''s',(0.,0.,1.));
    #3=AXIS2_PLACEMENT_3D('',#1,#2,#4);
    #4=DIRECTION('',(1.,0.,0.));
    #5=(LENGTH_UNIT() NAMED_UNIT(*) SI_UNIT(.MILLI.,.METRE.));
    """

  static let equal = [
    "another time stamp": file(stamp: "1999-12-31T23:59:59+01:00"),
    "a time stamp with quotes": file(stamp: "it''s, (late)"),
    "other numbers": file(data: renumbered),
    "no white space": file().filter { !$0.isNewline }.replacingOccurrences(of: " = ", with: "="),
    "CRLF": file().replacingOccurrences(of: "\n", with: "\r\n"),
    "comments": file(data: original.replacingOccurrences(of: "=", with: " =/* #9=X('; **/ /**/"))
      .replacingOccurrences(of: "HEADER;", with: "/* FILE_NAME('','x'); */ HEADER;"),
    "white space after a string": file(data: original.replacingOccurrences(of: "'o',", with: "'o' \r\n ,")),
    "a comment longer than what is read at once": file(
      data: "/*" + String(repeating: "* ' / #1 ", count: 200_000) + "*/" + original),
  ]

  private static let renumbered =
    original.replacingOccurrences(of: "#1", with: "#700").replacingOccurrences(of: "#2", with: "#10")
    .replacingOccurrences(of: "#4", with: "#0011")

  @Test(arguments: equal.keys.sorted())
  func `A file that says the same has the same digest`(change: String) throws {
    let reference = try #require(try digest(Self.file()))
    #expect(try digest(try #require(Self.equal[change])) == reference)
  }

  static let different = [
    "a number": file(data: original.replacingOccurrences(of: "1.5E-3", with: "1.5E-4")),
    "a digit more": file(data: original.replacingOccurrences(of: "1.5E-3", with: "11.5E-3")),
    "a string": file(data: original.replacingOccurrences(of: "'o'", with: "'O'")),
    "white space in a string": file(data: original.replacingOccurrences(of: "'o'", with: "'o '")),
    "a comment in a string": file(data: original.replacingOccurrences(of: "'o'", with: "'o/**/'")),
    "what an entity points to": file(data: original.replacingOccurrences(of: "#1,#2,#4", with: "#1,#4,#2")),
    "the order of entities": file(
      data: original.components(separatedBy: "\n").reversed().joined(separator: "\n")),
    "an entity more": file(data: original + "\n#6=DIRECTION('',(1.,0.,0.));"),
    "an entity less": file(data: original.components(separatedBy: "\n").dropLast().joined(separator: "\n")),
    "the author": file().replacingOccurrences(of: "An author", with: "Another"),
    "the unit": file().replacingOccurrences(of: ".MILLI.", with: ".CENTI."),
    "a second FILE_NAME in the data": file(data: original + "\n#6=FILE_NAME('a','b');"),
    "the second argument of another entity": file(data: original + "\n#6=FILE_NAME('a','c');"),
    "words that white space keeps apart": file(
      data: original.replacingOccurrences(of: "0.,0.,1.)", with: "0.,0.,1. 1)")),
    // OpenCASCADE's reader makes something else of each of these.
    "a line end before the equals sign": file(data: original.replacingOccurrences(of: "#2=", with: "#2\n=")),
    "a comment before the equals sign": file(data: original.replacingOccurrences(of: "#3=", with: "#3/**/=")),
    "white space in a section's end": file().replacingOccurrences(of: "ENDSEC;\nDATA", with: "ENDSEC ;\nDATA"),
    "a slash and a star apart": file(data: original.replacingOccurrences(of: "(*)", with: "(/ *)")),
    "white space in a binary": file(data: original.replacingOccurrences(of: "(*)", with: "(\" 1F\")")),
    "no white space in a binary": file(data: original.replacingOccurrences(of: "(*)", with: "(\"1F\")")),
    "a form feed": file(data: original.replacingOccurrences(of: "(*)", with: "(*\u{C})")),
    "the same words joined": file(data: original.replacingOccurrences(of: "0.,0.,1.)", with: "0.,0.,1.1)")),
  ]

  @Test func `Files that say different things have different digests`() throws {
    var digests = [try #require(try digest(Self.file()))]
    for (change, text) in Self.different.sorted(by: { $0.key < $1.key }) {
      digests.append(try #require(try digest(text), "\(change)"))
    }
    #expect(Set(digests).count == Self.different.count + 1)
  }

  static let broken = [
    "nothing": "",
    "no STEP file": "glTF and so on",
    "a file that ends early": String(file().prefix(file().count / 2)),
    "a string without an end": file(data: original + "#6=X('"),
    "a comment without an end": file(data: original + "/* "),
    "a parenthesis too many": file(data: original + "#6=X());"),
    "a parenthesis too few": file(data: original + "#6=X((1);"),
    "a number sign without a number": file(data: original + "#=X(1);"),
    "two strings that are one to nobody": file(data: original.replacingOccurrences(of: "'it''s'", with: "'it' 's'")),
    // OpenCASCADE's reader takes what follows for a part of the string.
    "a comment after a string": file(data: original.replacingOccurrences(of: "'o',", with: "'o'/**/,")),
    "a tab after a string": file(data: original.replacingOccurrences(of: "'o',", with: "'o'\t,")),
    "a string that seems to end": file(data: original.replacingOccurrences(of: "'o'", with: "'5'' ,(2.)'")),
    "a string that seems to end in inches": file(data: original.replacingOccurrences(of: "'o'", with: "'5''\",(2.)'")),
    "a number that is another's in 32 bits": file(data: original + "#4294967297=DIRECTION('',(1.,0.,0.));"),
    "the number 0": file(data: original.replacingOccurrences(of: "#1", with: "#0")),
    "a number that no reader takes": file(data: original + "#1234567890123456789012=X(1);"),
    "something after the end": file() + "DATA;",
  ]

  @Test(arguments: broken.keys.sorted())
  func `What is not a whole exchange structure has none`(fault: String) throws {
    #expect(try digest(try #require(Self.broken[fault])) == nil)
  }

  /// What is digested is not the digest of a file that somebody could make.
  @Test func `No file has as its own digest what another says`() throws {
    let text = """
      ISO-10303-21;HEADER;FILE_NAME('a',,(''),(''),'','',$);ENDSEC;DATA;#0=X(#0);ENDSEC;END-ISO-10303-21;
      """
    let said = try #require(
      try digest(
        text.replacingOccurrences(of: ",,", with: ",'2026-01-01',").replacingOccurrences(of: "#0", with: "#7")))
    #expect(FileDigest.sha256(of: text) != said)
  }
}
