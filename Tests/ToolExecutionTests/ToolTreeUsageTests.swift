import Foundation
import Testing

@testable import ToolExecution

struct ToolTreeUsageTests {
  @Test func `A child's processor time and memory are among those of its parent`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // A shell that only waits, and a child with 64 MB that works and says so.
    process.arguments = [
      "-c",
      "python3 -c 'x = bytearray(64 << 20); sum(range(3_000_000)); print(end=chr(43), flush=True); input()' ; true",
    ]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice  // it complains of the end of its input
    try process.run()
    #expect(output.fileHandleForReading.availableData == Data("+".utf8))
    let shell = try #require(ToolProcess(runningAs: process.processIdentifier))
    let usage = try #require(ToolTreeUsage(of: shell))
    #expect(usage.residentBytes > 64 << 20)
    #expect(usage.cpu > .zero)
    #expect(usage.age > .zero && usage.age < .seconds(3600))

    var another = shell
    another.startTicks += 1
    #expect(ToolTreeUsage(of: another) == nil, "It took a later process of the same pid for the run.")
    another = shell
    another.bootID = "another"
    #expect(ToolTreeUsage(of: another) == nil)

    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    #expect(ToolTreeUsage(of: shell) == nil)
  }
}
