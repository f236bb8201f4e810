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

  @Test(arguments: [
    "", "{", #"{"a""#, "[1 2]", "1 2", "{a:1}", "tru", "01", "1.", "-", "+1", "NaN", #""a"#, #""\x""#,
    #""\u12""#, "1e999",
  ])
  func `A text that is no JSON is refused`(_ text: String) {
    #expect(throws: JSONTextError.self) { try JSONValue(parsing: text) }
  }

  @Test func `A text of many levels is refused and does not exhaust the stack`() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    _ = try JSONValue(parsing: nested(100))
    #expect(throws: JSONTextError.self) { try JSONValue(parsing: nested(100_000)) }
  }
}
