import Foundation
import Jobs
import Logging
import Telemetry
import TestSupport
import Testing

/// What journald gets of the log, and standard error when journald does not answer.
struct JournalTests {
  private let directory: TemporaryDirectory
  private let written = WrittenLines()

  init() throws { directory = try TemporaryDirectory() }

  private var socket: String { directory.file("journal") }

  /// A stand-in for journald that prints each entry as one JSON object; an entry may come as a file.
  private func listen() throws -> Program {
    let journal = try Program.python(
      """
      import array, json, os, socket, struct, sys
      listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      listener.bind(sys.argv[1])
      print("ready")
      while True:
        data, ancillary, _, _ = listener.recvmsg(1 << 20, 1024)
        for _, _, descriptor in ancillary:
          with os.fdopen(struct.unpack("i", descriptor[:4])[0], "rb") as file:
            assert file.seek(0, 1) != 0 and not os.path.exists(os.readlink(f"/proc/self/fd/{file.fileno()}"))
            file.seek(0)
            data = file.read()
        fields = {}
        while data:
          line, _, data = data.partition(b"\\n")
          name, equals, value = line.partition(b"=")
          if not equals:
            (length,) = struct.unpack("<Q", data[:8])
            value, data = data[8:8 + length], data[8 + length + 1:]
          fields[name.decode()] = value.decode()
        print(json.dumps(fields))
      """, [socket])
    #expect(journal.readLine() == "ready")
    return journal
  }

  private func logger() -> Logger {
    Logger(label: "test") { [written, socket] _ in
      LineLogHandler(
        format: .journald, threshold: LogThreshold(.trace), journal: JournalSocket(path: socket),
        write: { written.write($0) })
    }
  }

  private func entry(_ journal: Program) throws -> JSONValue {
    try JSONValue(parsing: try #require(journal.readLine()))
  }

  @Test func `An entry carries the message, its priority and each field by a name of its own`() throws {
    let journal = try listen()
    JobLogger(logger()).observe(
      .jobSettled(Samples.job(), .failed(Samples.failure), timings: RunTimings(run: .milliseconds(1500))))
    let entry = try entry(journal)
    #expect(
      entry["MESSAGE"]?.stringValue
        == "[export_glb] failed: \(Samples.failure.message)  job=12 attempt=1 fence=3 class=invalid_input run_seconds=1.5"
    )
    #expect(entry["PRIORITY"] == .string("3"))
    #expect(entry["SYSLOG_IDENTIFIER"] == .string("stepworks"))
    #expect(entry["STEPWORKS_STEP"] == .string("export_glb"))
    #expect(entry["STEPWORKS_JOB"] == .string("12"))
    #expect(entry["STEPWORKS_ATTEMPT"] == .string("1"))
    #expect(entry["STEPWORKS_FENCE"] == .string("3"))
    #expect(entry["STEPWORKS_CLASS"] == .string("invalid_input"))
    #expect(entry["STEPWORKS_RUN_SECONDS"] == .string("1.5"))
    #expect(written.all.isEmpty)
  }

  @Test(arguments: [
    (Logger.Level.trace, "7"), (.debug, "7"), (.info, "6"), (.notice, "5"), (.warning, "4"), (.error, "3"),
    (.critical, "2"),
  ])
  func `Each level has its priority`(_ level: Logger.Level, _ priority: String) throws {
    let journal = try listen()
    logger().log(level: level, "something")
    #expect(try entry(journal)["PRIORITY"] == .string(priority))
  }

  @Test func `Line feeds cannot make up fields`() throws {
    let journal = try listen()
    logger().warning("two\nSTEPWORKS_JOB=13", metadata: ["a key\n": "one\nMESSAGE=forged", "job": "12"])
    let entry = try entry(journal)
    #expect(entry["MESSAGE"]?.stringValue?.hasPrefix("two\n  STEPWORKS_JOB=13  job=12 ") == true)
    #expect(entry["STEPWORKS_JOB"] == .string("12"))
    #expect(entry["STEPWORKS_A_KEY_"]?.stringValue == "one\nMESSAGE=forged")
  }

  @Test func `An entry too large for a datagram arrives whole`() throws {
    let journal = try listen()
    let text = String(repeating: "long ", count: 200_000)
    logger().info("\(text)")
    #expect(try entry(journal)["MESSAGE"]?.stringValue == text)
    #expect(written.all.isEmpty)
  }

  @Test func `When journald does not answer, lines with their priority go to standard error`() {
    logger().error("first\nsecond", metadata: ["job": "12"])
    #expect(written.all == ["<3>first", "<3>  second  job=12"])
  }

  @Test func `Standard error is journald's only if JOURNAL_STREAM names it`() {
    var status = stat()
    fstat(STDERR_FILENO, &status)
    #expect(JournalSocket.takesStandardError(environment: "\(status.st_dev):\(status.st_ino)"))
    #expect(!JournalSocket.takesStandardError(environment: "\(status.st_dev):\(status.st_ino + 1)"))
    #expect(!JournalSocket.takesStandardError(environment: nil))
  }
}
