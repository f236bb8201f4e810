import Glibc
import Testing
import ToolExecution

@Suite struct FailureTests {
  private func report(
    _ ending: ToolEnding, stop: ToolStopReason? = nil, detail: String? = nil, log: String = "", peak: UInt64 = 1 << 20,
    error: ToolReportedError? = nil, oomKill: Bool = false, cpu: Duration = .zero, limits: ToolLimits = ToolLimits()
  ) -> ToolReport {
    ToolReport(
      tool: "stepworks-cad", ending: ending, stopReason: stop, stopDetail: detail, peakResidentBytes: peak,
      userCPU: cpu, outOfMemoryKillSeen: oomKill, logTail: log, reportedError: error, limits: limits)
  }

  @Test func `Exit 0 by itself is no failure`() {
    #expect(report(.exited(0)).failure() == nil)
  }

  @Test(
    arguments: [
      (65, .invalidInput), (66, .missingInput), (69, .missingTool), (70, .toolFailed), (73, .toolFailed),
      (74, .toolFailed), (75, .toolFailed), (1, .toolFailed), (127, .toolFailed),
    ] as [(Int32, ToolFailureKind)])
  func `An exit status has its class`(code: Int32, kind: ToolFailureKind) {
    let failure = report(.exited(code), log: "reading\nno luck\n\n").failure()
    #expect(failure?.kind == kind)
    #expect(failure?.exit == code)
    #expect(failure?.asksForLater == (code == 75))
    #expect(failure?.sentence == "stepworks-cad exited with status \(code); its last line was: no luck.")
  }

  @Test(arguments: [1, 70, 73, 74] as [Int32])
  func `A full disk is recognised by its error text`(code: Int32) {
    #expect(report(.exited(code), log: "write: No space left on device\n").failure()?.kind == .noSpace)
    #expect(report(.exited(code), log: "write: Disk quota exceeded\n").failure()?.kind == .noSpace)
  }

  @Test func `The tool's own class and message count before its exit status`() {
    let named = ToolReportedError(errorClass: "missing_input", message: "part.step is not there.")
    let failure = report(.exited(70), error: named).failure()
    #expect(failure?.kind == .missingInput)
    #expect(failure?.sentence == "part.step is not there.")
    let unknown = ToolReportedError(errorClass: "made_up", message: "Strange.")
    #expect(report(.exited(65), error: unknown).failure()?.kind == .invalidInput)
    let presumptuous = ToolReportedError(errorClass: "cancelled", message: "I was cancelled.")
    #expect(report(.exited(70), error: presumptuous).failure()?.kind == .toolFailed)
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGKILL, SIGTERM, 40])
  func `A signal is a crash`(signal: Int32) {
    let failure = report(.signaled(signal)).failure()
    #expect(failure?.kind == .toolCrashed)
    #expect(failure?.signal == signal)
  }

  @Test func `A crash for want of memory is no crash`() {
    let limits = ToolLimits(addressSpaceBytes: 1 << 30)
    let words = "terminate called after throwing an instance of 'std::bad_alloc'\n"
    #expect(report(.signaled(SIGABRT), log: words).failure()?.kind == .outOfMemory)
    #expect(report(.signaled(SIGSEGV), peak: 900 << 20, limits: limits).failure()?.kind == .outOfMemory)
    #expect(report(.signaled(SIGSEGV), peak: 100 << 20, limits: limits).failure()?.kind == .toolCrashed)
    #expect(report(.signaled(SIGKILL), oomKill: true).failure()?.kind == .outOfMemory)
    #expect(report(.signaled(SIGSEGV), oomKill: true).failure()?.kind == .toolCrashed)
  }

  @Test func `A tool without a limit that was killed in its cgroup is not said to have passed one`() {
    let report = ToolReport(
      tool: "stepworks-cad", ending: .signaled(SIGKILL), peakResidentBytes: 300 << 20, memoryLimitReached: true)
    #expect(
      report.failure()?.sentence
        == "stepworks-cad was killed because its worker or the machine had no more memory; it used 300 MiB.")
  }

  @Test func `SIGKILL after the CPU limit is a timeout`() {
    let limits = ToolLimits(cpuSeconds: 10)
    #expect(report(.signaled(SIGKILL), cpu: .seconds(15), limits: limits).failure()?.kind == .timedOut)
    #expect(report(.signaled(SIGKILL), cpu: .seconds(5), limits: limits).failure()?.kind == .toolCrashed)
  }

  @Test(arguments: [
    (ToolStopReason.wallClock, ToolFailureKind.timedOut), (.silence, .stalled), (.outputLimit, .toolFailed),
    (.outputLost, .noSpace), (.terminated, .cancelled), (.daemonDied, .workerDied),
  ])
  func `A run that was ended says why, whatever its status`(reason: ToolStopReason, kind: ToolFailureKind) {
    for ending in [ToolEnding.exited(0), .exited(65), .signaled(SIGKILL)] {
      let failure = report(ending, stop: reason, detail: "No space left on device").failure(whenTerminated: .cancelled)
      #expect(failure?.kind == kind)
    }
  }
}
