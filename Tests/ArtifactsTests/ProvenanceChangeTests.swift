import Jobs
import Testing

@testable import Artifacts

struct ProvenanceChangeTests {
  /// As it comes back from the database.
  private func stored(_ value: JSONValue) throws -> JSONValue { try JSONValue(parsing: value.text) }

  @Test func `A whole number is no other for having been a fractional one before it was stored`() throws {
    let now: JSONValue = .object([
      "parameters": .object(["elevation_degrees": .number(20), "sides": .array([.number(1), .number(0.5)])])
    ])
    let before = try stored(now)
    #expect(before["parameters"]?["elevation_degrees"] == .integer(20))
    #expect(ProvenanceChange.all(from: before, to: now).isEmpty)
    #expect(Artifact.derivationKey(of: before) == Artifact.derivationKey(of: now))
  }

  @Test func `Another number, another type and a missing member are changes`() throws {
    let before: JSONValue = .object(["a": .integer(20), "b": .integer(1), "c": .null, "d": .bool(true)])
    let now: JSONValue = .object(["a": .number(20.5), "b": .string("1"), "d": .bool(true), "e": .integer(0)])
    #expect(
      ProvenanceChange.all(from: before, to: now) == [
        ProvenanceChange(ingredient: "a", before: .integer(20), now: .number(20.5)),
        ProvenanceChange(ingredient: "b", before: .integer(1), now: .string("1")),
        ProvenanceChange(ingredient: "c", before: .null, now: nil),
        ProvenanceChange(ingredient: "e", before: nil, now: .integer(0)),
      ])
  }
}
