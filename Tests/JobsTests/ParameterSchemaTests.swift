import Jobs
import Testing

@Suite struct ParameterSchemaTests {
  private let schema = ParameterSchema([
    Parameter("source", .string, "the file to read.", required: true),
    Parameter("shadows", .boolean, "Whether.", default: .bool(true)),
    Parameter("frames", .integer(1...100), "How many."),
    Parameter("scale", .number(0.5...2), "How large."),
    Parameter("view", .choice(["front", "top"]), "From where.", default: .string("front")),
    Parameter("sides", .list(of: ["front", "top", "left"], count: 1...2), "Which."),
    Parameter("tags", .list(of: nil, count: 0...3), "Words."),
    Parameter("sizes", .list(of: ["s", "l"], count: 2...2), "All."),
    Parameter("colours", .map(count: 1...2), "By part."),
  ])

  private func complaint(_ parameters: String, _ schema: ParameterSchema? = nil) throws -> String? {
    let value = try JSONValue(parsing: parameters)
    let failure = #expect(throws: JobFailure.self) { try (schema ?? self.schema).resolve(value, for: "render") }
    #expect(failure?.failureClass == .invalidInput)
    return failure?.message
  }

  @Test func `Defaults are filled in, and only where nothing was given`() throws {
    #expect(
      try schema.resolve(JSONValue(parsing: #"{"source":"a"}"#), for: "render").text
        == #"{"shadows":true,"source":"a","view":"front"}"#)
    let full =
      #"{"colours":{"Ball":"red"},"frames":3,"scale":1,"shadows":false,"sides":["top","front"],"source":"a","tags":[],"view":"top"}"#
    #expect(try schema.resolve(JSONValue(parsing: full), for: "render").text == full)
  }

  @Test func `Null stands for a parameter that is not given`() throws {
    #expect(
      try schema.resolve(JSONValue(parsing: #"{"source":"a","view":null,"frames":null}"#), for: "render").text
        == #"{"shadows":true,"source":"a","view":"front"}"#)
  }

  @Test(arguments: [
    ("[]", #"The parameters of render must be a JSON object, such as {"source":"part.step"}."#),
    ("{}", "render needs the parameter 'source': the file to read."),
    (#"{"source":null}"#, "render needs the parameter 'source': the file to read."),
    (
      #"{"source":"a","sorce":1}"#,
      "render has no parameter 'sorce'; it takes colours, frames, scale, shadows, sides, sizes, source, tags, view."
    ),
    (#"{"source":1}"#, "The parameter 'source' of render must be a string, not 1."),
    (#"{"source":"a","shadows":1}"#, "The parameter 'shadows' of render must be true or false, not 1."),
    (
      #"{"source":"a","frames":101}"#,
      "The parameter 'frames' of render must be a whole number from 1 to 100, not 101."
    ),
    (
      #"{"source":"a","frames":1.5}"#,
      "The parameter 'frames' of render must be a whole number from 1 to 100, not 1.5."
    ),
    (#"{"source":"a","scale":"1"}"#, #"The parameter 'scale' of render must be a number from 0.5 to 2.0, not "1"."#),
    (
      #"{"source":"a","sides":"front"}"#,
      #"The parameter 'sides' of render must be a list of 1 to 2 of front, top, left, none twice, not "front"."#
    ),
    (
      #"{"source":"a","sides":["back"]}"#,
      #"The parameter 'sides' of render must be a list of 1 to 2 of front, top, left, none twice, not ["back"]."#
    ),
    (
      #"{"source":"a","sides":["top","top"]}"#,
      #"The parameter 'sides' of render must be a list of 1 to 2 of front, top, left, none twice, not ["top","top"]."#
    ),
    (
      #"{"source":"a","sides":[]}"#,
      "The parameter 'sides' of render must be a list of 1 to 2 of front, top, left, none twice, not []."
    ),
    (
      #"{"source":"a","sizes":["s"]}"#,
      #"The parameter 'sizes' of render must be a list of 2 of s, l, none twice, not ["s"]."#
    ),
    (
      #"{"source":"a","tags":[1]}"#,
      "The parameter 'tags' of render must be a list of 0 to 3 strings, none twice, not [1]."
    ),
    (
      #"{"source":"a","colours":{"a":1}}"#,
      #"The parameter 'colours' of render must be an object with 1 to 2 members, each a string, not {"a":1}."#
    ),
    (
      #"{"source":"a","colours":{}}"#,
      "The parameter 'colours' of render must be an object with 1 to 2 members, each a string, not {}."
    ),
    (#"{"source":"a","view":"back"}"#, #"The parameter 'view' of render must be one of front, top, not "back"."#),
  ])
  func `A wrong parameter is named, with what it must be`(_ parameters: String, _ sentence: String) throws {
    #expect(try complaint(parameters) == sentence)
  }

  @Test func `A step without parameters says so`() throws {
    #expect(try complaint(#"{"a":1}"#, ParameterSchema([])) == "render has no parameter 'a'; it takes none.")
  }

  @Test func `A step that takes others lets them through`() throws {
    let open = ParameterSchema([], allowsOthers: true)
    #expect(try open.resolve(.object(["a": .integer(1)]), for: "render") == .object(["a": .integer(1)]))
  }

  @Test func `A list and a map are written as JSON Schema`() throws {
    let schema = ParameterSchema([
      Parameter("sides", .list(of: ["front", "top"], count: 1...2), "Which."),
      Parameter("tags", .list(of: nil, count: 0...3), "Words."), Parameter("colours", .map(count: 1...2), "By part."),
    ])
    let expected = #"""
      {"sides":{"description":"Which.","type":"array","items":{"type":"string","enum":["front","top"]},
        "uniqueItems":true,"minItems":1,"maxItems":2},
      "tags":{"description":"Words.","type":"array","items":{"type":"string"},"uniqueItems":true,"minItems":0,
        "maxItems":3},
      "colours":{"description":"By part.","type":"object","additionalProperties":{"type":"string"},
        "minProperties":1,"maxProperties":2}}
      """#
    #expect(try schema.jsonSchema["properties"] == JSONValue(parsing: expected))
  }

  @Test func `The schema is written as JSON Schema`() {
    #expect(
      ParameterSchema([Parameter("frames", .integer(1...100), "How many.", required: true)]).jsonSchema.text
        == #"{"additionalProperties":false,"properties":{"frames":{"description":"How many.","maximum":100,"minimum":1,"type":"integer"}},"required":["frames"],"type":"object"}"#
    )
  }
}
