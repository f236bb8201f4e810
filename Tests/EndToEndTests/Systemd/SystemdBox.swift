import Foundation
import Glibc
import Testing

/// A real systemd in namespaces of its own, in which Stepworks is installed. It ends with this object, and with this
/// process however that ends.
final class SystemdBox {
  struct Impossible: Error, CustomStringConvertible {
    let description: String
  }

  private let script = Process()
  private let lifeline = Pipe()
  /// systemd, as this machine sees it.
  let pid: String

  static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL.path
  /// Neither USD nor Blender: a gigabyte that these tests do not need.
  static let installation = [
    "\(sources)/scripts/install", "--binaries", Products.program("").path, "--without", "usd", "--without", "render",
  ]
  private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  static let database = "/var/lib/stepworks/stepworks.db"

  /// - Throws: ``Impossible`` where this machine allows no such box: such a test cannot be passed over in silence.
  init(installed: Bool = true) throws {
    let output = Pipe()
    let errors = Pipe()
    script.executableURL = URL(fileURLWithPath: "/bin/bash")
    script.arguments = ["\(Self.sources)/Tests/EndToEndTests/Systemd/box", Self.sources]
    script.standardInput = lifeline
    script.standardOutput = output
    script.standardError = errors
    try script.run()
    let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    let words = said.split(whereSeparator: \.isWhitespace)
    guard words.first == "ready", let pid = words.last else {
      let reason = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
      throw Impossible(
        description: "These tests need a systemd of their own, which this machine does not allow. \(reason)")
    }
    self.pid = String(pid)
    if installed { try succeed(Self.installation) }
  }

  deinit {
    try? lifeline.fileHandleForWriting.close()
    script.waitUntilExit()
  }

  var scriptPID: pid_t { script.processIdentifier }

  /// Runs a program inside to its end.
  func run(_ arguments: [String]) throws -> CommandResult {
    try Command.run(
      URL(fileURLWithPath: "/usr/bin/nsenter"),
      ["-t", pid, "-a", "env", "-i", "PATH=\(Self.path)", "SYSTEMD_PAGER="] + arguments)
  }

  /// Runs a program inside that must end with 0.
  /// - Returns: its output, without the last line feed.
  @discardableResult
  func succeed(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let result = try run(arguments)
    try #require(
      result.status == 0, "\(arguments.joined(separator: " ")): \(result.output)\(result.errors)",
      sourceLocation: sourceLocation)
    return result.output.trimmingCharacters(in: .newlines)
  }

  @discardableResult
  func shell(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    try succeed(["bash", "-ec", command], sourceLocation: sourceLocation)
  }

  @discardableResult
  func systemctl(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    try succeed(["systemctl"] + arguments, sourceLocation: sourceLocation)
  }

  /// A property of a unit, as `systemctl show` prints it.
  func property(_ name: String, of unit: String) throws -> String { try systemctl("show", "-P", name, unit) }

  func waitUntil(_ name: String, of unit: String, is value: String) throws {
    while try property(name, of: unit) != value { sched_yield() }
  }

  /// Adds lines to the `[Service]` section of the worker's unit.
  func override(_ lines: String...) throws {
    try shell(
      """
      mkdir -p /etc/systemd/system/stepworks-worker@.service.d
      printf '[Service]\\n\(lines.joined(separator: "\\n"))\\n' > /etc/systemd/system/stepworks-worker@.service.d/test.conf
      systemctl daemon-reload
      """)
  }

  func sql(_ statement: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    try succeed(["sqlite3", "-cmd", ".timeout 20000", Self.database, statement], sourceLocation: sourceLocation)
  }

  /// Inserts a job as any producer does.
  func insert(_ step: String, _ parameters: String) throws -> String {
    try sql("INSERT INTO jobs (step, parameters) VALUES ('\(step)', '\(parameters)') RETURNING id")
  }

  /// Waits for a state, looking again after each event of the job.
  func waitForEvent(_ kind: String, ofJob id: String) throws {
    while try sql("SELECT count(*) FROM job_events WHERE job_id = \(id) AND kind = '\(kind)'") == "0" { sched_yield() }
  }

  /// The processes in a unit's cgroup, those of cgroups in it included; empty also when the cgroup is gone.
  func processes(of unit: String) throws -> [String] {
    try run(["bash", "-c", "cat $(find /sys/fs/cgroup -path '*/\(unit)*' -name cgroup.procs) </dev/null"]).output
      .split(separator: "\n").map(String.init)
  }
}
