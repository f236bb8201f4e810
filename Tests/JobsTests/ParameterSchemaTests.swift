import Jobs
import Testing

@Suite struct ParameterSchemaTests {
  private let schema = ParameterSchema([
    Parameter("source", .string, "the file to read.", required: true),
    Parameter("shadows", .boolean, "Whether.", default: .bool(true)),
    Parameter("frames", .integer(1...100), "How many."),
    Parameter("scale", .number(0.5...2), "How large."),
    Parameter("view", .choice(["front", "top"]), "From where.", default: .string("front")),
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
    let full = #"{"frames":3,"scale":1,"shadows":false,"source":"a","view":"top"}"#
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
      "render has no parameter 'sorce'; it takes frames, scale, shadows, source, view."
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

  @Test func `The schema is written as JSON Schema`() {
    #expect(
      ParameterSchema([Parameter("frames", .integer(1...100), "How many.", required: true)]).jsonSchema.text
        == #"{"additionalProperties":false,"properties":{"frames":{"description":"How many.","maximum":100,"minimum":1,"type":"integer"}},"required":["frames"],"type":"object"}"#
    )
  }
}
