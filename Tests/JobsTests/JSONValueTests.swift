import Jobs
import Testing

@Suite struct JSONValueTests {
  @Test(arguments: [
    (" {} ", "{}"),
    ("[ ]", "[]"),
    (#"{"b":1,"a":[true,false,null]}"#, #"{"a":[true,false,null],"b":1}"#),
    (#"{"a":{"c":{},"b":[[1],2]}}"#, #"{"a":{"b":[[1],2],"c":{}}}"#),
    ("-0", "0"),
    ("1.0", "1"),
    ("1e3", "1000"),
    ("0.1", "0.1"),
    ("-1.5E-7", "-1.5e-07"),
    ("9223372036854775807", "9223372036854775807"),
    (#""""#, #""""#),
    (#""\u0041\n\t\"\\\/""#, #""A\n\t\"\\/""#),
    (#""\u00e4 ä \ud83d\ude00""#, #""ä ä 😀""#),
    (#""\u0001""#, #""\u0001""#),
  ])
  func `Equal values have one canonical text`(_ text: String, _ canonical: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(value.text == canonical)
    #expect(try JSONValue(parsing: canonical) == value)
  }

  @Test func `Numbers are whole where they can be`() throws {
    #expect(
      try JSONValue(parsing: "[1, 1.5, 1e2, 36893488147419103232]")
        == .array([
          .integer(1), .number(1.5), .integer(100), .number(36_893_488_147_419_103_232),
        ]))
  }

  @Test func `A NaN and an infinity become null`() {
    #expect(JSONValue.array([.number(.nan), .number(.infinity)]).text == "[null,null]")
  }

  @Test func `What SQLite lets through can be read`() throws {
    #expect(try JSONValue(parsing: #""\ud800x""#) == .string("\u{FFFD}x"))
    #expect(try JSONValue(parsing: "\"a\nb\"") == .string("a\nb"))
    #expect(try JSONValue(parsing: #"{"a":1,"a":2}"#) == .object(["a": .integer(2)]))
  }

  @Test(arguments: [
    ("", "an early end at byte 0"), ("{", "an early end at byte 1"), (#"{"a""#, "an early end at byte 4"),
    (#"{"a":1,}"#, "an unexpected character at byte 7"), ("[1,]", "an unexpected character at byte 3"),
    ("[1 2]", "an unexpected character at byte 3"), ("1 2", "an unexpected character at byte 2"),
    ("{a:1}", "an unexpected character at byte 1"), ("tru", "an unexpected character at byte 0"),
    ("01", "a number with a leading zero at byte 0"), ("1.", "an early end at byte 2"),
    ("-", "an early end at byte 1"), ("+1", "an unexpected character at byte 0"),
    ("NaN", "an unexpected character at byte 0"),
    (#""a"#, "an early end at byte 2"), (#""a\"#, "an early end at byte"), (#""\x""#, "an unknown escape"),
    (#""\u12""#, "\\u without four hexadecimal digits"), ("1e999", "a number that is too large at byte 0"),
  ])
  func `A text that is no JSON says where`(_ text: String, _ complaint: String) {
    let error = #expect(throws: JSONTextError.self) { try JSONValue(parsing: text) }
    #expect(error?.description.contains(complaint) == true, "\(String(describing: error))")
  }

  @Test func `A text of many levels is refused and does not exhaust the stack`() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try JSONValue(parsing: nested(500))
    let error = #expect(throws: JSONTextError.self) { try JSONValue(parsing: nested(100_000)) }
    #expect(error?.reason == "more than 500 levels deep")
  }
}
