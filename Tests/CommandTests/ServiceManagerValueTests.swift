import Jobs
import Queueing
import Testing
import stepworks

/// What the environment of a service manager means, and the line it gets.
@Suite struct ServiceManagerValueTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  @Test(arguments: [
    (["WATCHDOG_USEC": "120000000"], Duration.seconds(120)),
    (["WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "7"], .seconds(120)),
    (["WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "8"], nil),
    (["WATCHDOG_USEC": "0"], nil),
    (["WATCHDOG_USEC": "soon"], nil),
    (["WATCHDOG_PID": "7"], nil),
    ([:], nil),
  ])
  func `A watchdog watches who it names, or everybody`(_ environment: [String: String], _ interval: Duration?) {
    #expect(Watchdog.interval(environment: environment, pid: 7) == interval)
  }

  @Test(arguments: ["", "@", "relative", "/" + String(repeating: "x", count: 200)])
  func `An address that is none is nobody`(_ address: String) {
    #expect(NotifySocket(environment: ["NOTIFY_SOCKET": address]) == nil)
    #expect(NotifySocket(environment: [:]) == nil)
  }

  @Test func `The status tells what runs, what waits, and since when`() {
    var status = ServiceStatus()
    #expect(status.text(at: now) == "running 0, waiting 0")
    status.running = 2
    status.waiting = WaitingWork(count: 5, oldestAvailableAt: now.advanced(by: .milliseconds(-12_900)))
    #expect(status.text(at: now) == "running 2, waiting 5, oldest 12 s")
    status.waiting.oldestAvailableAt = now.advanced(by: .seconds(3))
    #expect(status.text(at: now) == "running 2, waiting 5, oldest 0 s", "clocks differ")
    status.waiting = WaitingWork(count: WaitingWork.limit, oldestAvailableAt: now.advanced(by: .seconds(-60)))
    status.isDraining = true
    #expect(status.text(at: now) == "draining: running 2, waiting 1000 or more, oldest 60 s or more")
  }

  @Test func `The status is one line, whatever a wrong file holds`() {
    var status = ServiceStatus()
    status.reloadFault = "log.level must be info, not 'a\nREADY=1\u{1B}'."
    let text = status.text(at: now)
    #expect(text.hasPrefix("running 0, waiting 0; the configuration was not reloaded: log.level"))
    #expect(!text.contains { $0.isNewline || $0 == "\u{1B}" })
  }
}
