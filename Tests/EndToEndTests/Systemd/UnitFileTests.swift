import Foundation
import Testing

/// What systemd's own tools say of the units, without a systemd that runs.
@Suite("The units", .timeLimit(.minutes(1)))
struct UnitFileTests {
  /// The units as scripts/install would place them, for a program that exists here.
  private func renderedUnits() throws -> (directory: String, worker: String, target: String) {
    let directory = NSTemporaryDirectory() + "stepworks-units-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let units = SystemdBox.sources + "/systemd"
    let worker = try String(contentsOfFile: "\(units)/stepworks-worker@.service", encoding: .utf8)
      .replacingOccurrences(of: "/opt/stepworks/bin/stepworks", with: Products.program("stepworks").path)
    try worker.write(toFile: "\(directory)/stepworks-worker@.service", atomically: true, encoding: .utf8)
    try FileManager.default.copyItem(atPath: "\(units)/stepworks.target", toPath: "\(directory)/stepworks.target")
    return (directory, "\(directory)/stepworks-worker@.service", "\(directory)/stepworks.target")
  }

  @Test func `systemd-analyze verify has nothing to say`() throws {
    let units = try renderedUnits()
    defer { try? FileManager.default.removeItem(atPath: units.directory) }
    let result = try Command.run(
      URL(fileURLWithPath: "/usr/bin/systemd-analyze"), ["verify", "--man=no", units.worker, units.target])
    #expect(result.status == 0)
    #expect(result.output + result.errors == "")
  }

  @Test func `systemd-analyze security rates the worker at most 2.0`() throws {
    let units = try renderedUnits()
    defer { try? FileManager.default.removeItem(atPath: units.directory) }
    let result = try Command.run(
      URL(fileURLWithPath: "/usr/bin/systemd-analyze"),
      ["security", "--offline=yes", "--threshold=20", "--no-pager", units.worker])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("Overall exposure level"))
  }
}
