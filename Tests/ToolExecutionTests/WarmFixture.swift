import Foundation
import Glibc
import Synchronization
import SystemPackage
import ToolExecution

/// A pool of warm processes whose requests are pieces of Python.
final class WarmFixture: Sendable {
  let fixture: ToolFixture
  let tools: WarmTools
  let command: WarmCommand
  private let starts = Mutex<[(process: ToolProcess, runID: ToolRunID)]>([])
  private let heard = Mutex<[ToolMessage]>([])
  private let count = Mutex(0)

  static let limits = ToolLimits(terminationGrace: .milliseconds(200))

  /// - Parameter start: Python that runs before the process says that it is ready.
  init(_ options: WarmOptions = WarmOptions(), runner: ToolRunner? = nil, start: String = "") throws {
    fixture = try ToolFixture()
    let tool = try fixture.python(Self.tool.replacing("# START", with: start))
    command = WarmCommand(executable: tool.executable, arguments: ["--serve"], environment: ["COLOUR": "brass"])
    tools = WarmTools(
      runner: runner ?? fixture.runner, options: options, directory: fixture.directory.appending("warm"),
      runIDPrefix: fixture.runID.rawValue)
  }

  /// The supervisor and the run of every request so far.
  var started: [(process: ToolProcess, runID: ToolRunID)] { starts.withLock { $0 } }
  var messages: [ToolMessage] { heard.withLock { $0 } }

  /// Living processes of this pool, found without the code under test.
  var survivors: [Int32] { Set(started.map(\.runID)).flatMap { ToolFixture.processes(marked: $0.rawValue) } }

  func request(_ code: String, logDirectory: String? = nil) throws -> WarmRequest {
    let number = count.withLock { count in
      count += 1
      return count
    }
    try fixture.write(code, to: "request-\(number)")
    let directory = fixture.directory.appending("attempt-\(number)")
    try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: true)
    let logs = logDirectory.map { fixture.directory.appending($0) }
    if let logs { try FileManager.default.createDirectory(atPath: logs.string, withIntermediateDirectories: true) }
    return WarmRequest(
      request: fixture.directory.appending("request-\(number)"), directory: directory, logDirectory: logs)
  }

  @discardableResult
  func run(_ code: String, logDirectory: String? = nil, limits: ToolLimits = limits) async throws -> ToolReport {
    try await tools.run(
      command, request(code, logDirectory: logDirectory), limits: limits,
      onStart: { process, runID in self.starts.withLock { $0.append((process, runID)) } },
      onMessage: { message in self.heard.withLock { $0.append(message) } })
  }

  /// Runs a request that answers with its process and waits until the pool is at rest.
  func pid() async throws -> Int32 {
    let report = try await run("answer(pid=os.getpid())")
    return try JSONDecoder().decode([String: Int32].self, from: report.result ?? Data())["pid"] ?? 0
  }

  private static let tool = """
    import json
    resident = 1 << 20
    def send(**line): say(json.dumps(line))
    def answer(**members): send(result=members)
    def fail(kind, text, **more): send(error={"class": kind, "message": text, **more})
    # START
    send(ready={"resident_bytes": resident})
    while True:
        line = sys.stdin.readline()
        if not line: break
        order = json.loads(line)
        os.chdir(order["directory"])
        exec(open(order["request"]).read(), globals())
        send(ready={"resident_bytes": resident})
    """
}

extension ToolReport {
  /// The result object as text.
  var answer: String? { result.map { String(decoding: $0, as: UTF8.self) } }
}
