import Jobs
import Testing

@testable import Queueing
@testable import stepworks

/// What `stepworks top` makes of what it has read.
struct TopViewTests {
  private let now = Timestamp(milliseconds: 1_800_000_000_000)

  private func job(
    _ id: JobID, _ step: StepName, _ state: JobState, source: String? = nil, ago: Duration, progress: Double? = nil,
    message: String? = nil
  ) -> Job {
    Job(
      id: id, step: step, queue: "cad",
      parameters: .object(source.map { ["source": .string($0)] } ?? [:]), state: state,
      outcome: state == .completed ? .done : nil, maxAttempts: 3, maxCrashes: 3,
      workerID: state == .running ? 1 : nil, progress: progress, progressMessage: message,
      createdAt: now.advanced(by: .zero - ago), startedAt: now.advanced(by: .zero - ago),
      finishedAt: state.isFinal ? now.advanced(by: .zero - ago + .seconds(4)) : nil)
  }

  private func queue(_ name: QueueName, running: Int, available: Int, paused: Bool = false) -> QueueStatus {
    QueueStatus(
      name: name, maxConcurrency: 2, minConcurrency: 0, paused: paused, running: running, available: available,
      scheduled: 0, blocked: 1, oldestAvailableAt: available > 0 ? now.advanced(by: .seconds(-200)) : nil)
  }

  private var snapshot: TopSnapshot {
    let turntable = job(
      11, "render_turntable", .blocked, source: "/a/bearing.step", ago: .seconds(95), progress: 0.25,
      message: "1 of 4 jobs done")
    let frames = job(
      12, "render_frames", .running, source: "/a/an-extraordinarily-long-name-rev-B.step", ago: .seconds(61),
      progress: 0.5, message: "frame 6 of 12")
    let failed = job(10, "export_glb", .failed, source: "/a/broken.step", ago: .seconds(30))
    let event = JobEvent(
      id: 9, jobID: 10, at: now.advanced(by: .seconds(-26)), kind: .failed, fence: 1, workerID: 1,
      detail: .object(["class": .string("invalid_input"), "message": .string("/a/broken.step is empty.")]))
    var seen = Throughput.Seen()
    seen.ends.completed = 62
    seen.ends.failed = 5
    return TopSnapshot(
      database: "/srv/stepworks.db", at: now,
      workers: [
        WorkerStatus(
          id: 1, host: "a", pid: 4711, version: "0.1.0", isDraining: false, isAlive: true,
          statusAddress: "127.0.0.1:9470", startedAt: now.advanced(by: .seconds(-7200)), heartbeatAt: now, running: 1)
      ],
      queues: [
        TopSnapshot.Queue(status: queue("cad", running: 1, available: 7), emptyIn: .seconds(90)),
        TopSnapshot.Queue(status: queue("render", running: 0, available: 0, paused: true)),
      ],
      running: [
        TopSnapshot.Running(job: turntable),
        TopSnapshot.Running(
          job: frames, depth: 1, tool: TopSnapshot.ToolShare(processors: 1.98, residentBytes: 412_000_000),
          remaining: .seconds(61)),
      ],
      endings: [TopSnapshot.Ending(event: event, job: failed)], throughput: seen)
  }

  @Test func `Everything is there once, in tables that line up`() {
    let lines = TopView(snapshot: snapshot).allLines(clock: "2027-01-15 08:00:00Z")
    #expect(
      lines.joined(separator: "\n") == """
        stepworks top  2027-01-15 08:00:00Z  /srv/stepworks.db
        1 running, 9 waiting, 12 done/min, 1.0 failed/min

        WORKER  STATE    JOBS  UP  VERSION   PID  STATUS
        1       running     1  2h  0.1.0    4711  127.0.0.1:9470

        QUEUE   RUNNING  AVAILABLE  SCHEDULED  BLOCKED  OLDEST  EMPTY IN
        cad         1/2          7          0        1      3m   ~1m 30s
        render      0/2          0          0        1       -         -  paused

        JOB  STEP              SOURCE                    PROGRESS                TIME   LEFT  WORKER    CPU       MEM  DOING
         11  render_turntable  bearing.step              ████░░░░░░░░░░░░  25 %  1:35      -       -      -         -  1 of 4 jobs done
         12    render_frames   an-extraordinar…v-B.step  ████████░░░░░░░░  50 %  1:01  1m 1s       1  198 %  412.0 MB  frame 6 of 12

        JOB  STEP        SOURCE       ENDED   AGO  HOW
         10  export_glb  broken.step  failed  26s  /a/broken.step is empty.
        """)
  }

  @Test(arguments: [200, 130, 100, 80, 60, 40, 24], [60, 24, 12, 5, 1])
  func `A screen has as many lines as the terminal, none wider than it`(_ width: Int, _ rows: Int) {
    let view = TopView(snapshot: snapshot, width: width)
    let lines = view.screen(rows: rows, state: TopState(), clock: "08:00:00Z")
    #expect(lines.count == rows)
    for line in lines { #expect(TextWidth.columns(of: line) <= width, "\(line)") }
    let coloured = TopView(snapshot: snapshot, width: width, colour: true)
      .screen(rows: rows, state: TopState(), clock: "08:00:00Z")
    for line in coloured {
      let plain = Style.sequences.reduce(line) { $0.replacing("\u{1B}" + $1, with: "") }
      #expect(TextWidth.columns(of: plain) <= width, "\(plain)")
    }
    if width >= 40, rows >= 12 {
      #expect(lines.contains { $0.contains("render_frames") && $0.contains("50 %") }, "\(lines)")
      #expect(lines.contains { $0.contains("export_glb") && $0.contains("failed") }, "\(lines)")
    }
  }

  @Test func `Where there is no room for all rows the chosen one is among those shown, and the rest is counted`() {
    var many = snapshot
    many.running = (1...30).map { TopSnapshot.Running(job: job($0, "ping", .running, ago: .seconds($0))) }
    var state = TopState()
    let view = TopView(snapshot: many, width: 80)
    for _ in 0..<25 { _ = state.press(.down, rows: view.choices) }
    let lines = view.screen(rows: 24, state: state, clock: "")
    #expect(lines.contains { $0.hasPrefix("\u{1B}[7m 25  ping") }, "\(lines)")
    #expect(lines.contains { $0.wholeMatch(of: /… \d+ more/) != nil }, "\(lines)")
    let shown = lines.count { $0.contains("  ping ") }
    #expect(lines.contains("… \(30 - shown) more"))
  }

  @Test func `Room goes first to what is needed least of, then to what weighs most`() {
    #expect(TopView.shares(of: 10, [(1, 1, 0), (3, 9, 1), (4, 30, 3)]) == [1, 3, 6])
    #expect(TopView.shares(of: 3, [(1, 1, 0), (3, 9, 1), (4, 30, 3)]) == [0, 0, 3])
    #expect(TopView.shares(of: 50, [(1, 1, 0), (3, 9, 1), (4, 30, 3)]) == [1, 9, 30])
    #expect(TopView.shares(of: -2, [(1, 1, 0)]) == [0])
    #expect(TopView.shares(of: 7, heading: 1, [(1, 1, 0), (3, 9, 1), (4, 30, 3)]) == [0, 1, 4])
  }

  @Test func `Running jobs that were not read are counted too`() {
    var many = snapshot
    many.queues[0].status.running = 10_000
    many.running = (1...500).map { TopSnapshot.Running(job: job($0, "ping", .running, ago: .seconds($0))) }
    let view = TopView(snapshot: many, width: 80)
    let lines = view.screen(rows: 24, state: TopState(), clock: "")
    let shown = lines.count { $0.contains("  ping ") }
    #expect(lines.contains("… \(10_000 - shown) more"), "\(lines)")
    #expect(view.allLines(clock: "").contains("… 9500 more"))
  }

  @Test func `No line of a small terminal is kept for a list that is not shown`() {
    var many = snapshot
    many.running = (1...30).map { TopSnapshot.Running(job: job($0, "ping", .running, ago: .seconds($0))) }
    let lines = TopView(snapshot: many, width: 40).screen(rows: 10, state: TopState(), clock: "")
    #expect(!lines.contains(""), "\(lines)")
  }

  @Test func `A family stands together, those who asked above those they asked for`() {
    let jobs = [5, 4, 3, 2, 1].map { job($0, "ping", .running, ago: .seconds(100 - $0)) }
    // 1 asked for 4, which asked for 2 and 5; 3 asked for 5 too.
    let order = FamilyOrder(jobs, parents: [4: [1], 2: [4], 5: [4, 3], 3: [99]])
    #expect(order.jobs.map { [$0.job.id, Int64($0.depth)] } == [[1, 0], [4, 1], [2, 2], [5, 2], [3, 0]])
  }

  @Test func `Rates are of what ended in the last minutes, and no longer`() {
    var throughput = Throughput()
    let length = JobEndings.bucket.wholeMilliseconds
    func endings(_ at: Timestamp, _ kind: JobEventKind, _ count: Int) -> JobEndings {
      JobEndings(
        counts: [JobEndings.Count(bucket: at.milliseconds / length, kind: kind, count: count)],
        since: now, newest: [], position: 0)
    }
    throughput.add(endings(now, .completed, 6), now: now)
    let minute = now.advanced(by: .seconds(60))
    throughput.add(endings(minute, .failed, 1), now: minute)
    throughput.add(endings(minute, .completed, 2), now: minute)
    let seen = throughput.seen(now: minute)
    #expect(seen.ends == Throughput.Ends(completed: 8, failed: 1))
    #expect(seen.over == .seconds(60))
    #expect(seen.perMinute(seen.ends.completed) == 8)
    let later = now.advanced(by: .seconds(330))
    throughput.add(endings(later, .cancelled, 1), now: later)
    #expect(throughput.seen(now: later).ends == Throughput.Ends(completed: 2, failed: 1, cancelled: 1))
  }
}

/// What keys do.
struct TopStateTests {
  private let rows = [
    TopState.Row(job: 7, isEnded: false), .init(job: 8, isEnded: false), .init(job: 3, isEnded: true),
  ]

  @Test func `The choice stops at both ends, and stays with its job when that ends`() {
    var state = TopState()
    #expect(state.press(.up, rows: rows) == nil)
    #expect(state.selected == rows[2])
    for _ in 0..<4 { _ = state.press(.character("k"), rows: rows) }
    #expect(state.selected == rows[0])
    let ended = [rows[1], TopState.Row(job: 7, isEnded: true), rows[2]]
    #expect(state.current(ended) == ended[1])
    _ = state.press(.down, rows: ended)
    #expect(state.selected == rows[2])
    #expect(state.current([]) == nil)
  }

  @Test func `Nothing is cancelled without a choice, without a yes, or twice`() {
    var state = TopState()
    #expect(state.press(.character("c"), rows: rows) == nil)
    #expect(state.press(.character("y"), rows: rows) == nil)
    _ = state.press(.down, rows: rows)
    _ = state.press(.character("c"), rows: rows)
    #expect(state.cancelling == 7)
    #expect(state.press(.enter, rows: rows) == nil)
    #expect(state.cancelling == nil)
    _ = state.press(.character("c"), rows: rows)
    #expect(state.press(.character("y"), rows: rows) == .cancel(7))
    #expect(state.press(.character("y"), rows: rows) == nil)
    _ = state.press(.end, rows: rows)
    #expect(state.press(.character("c"), rows: rows) == nil)
    #expect(state.notice == "Job 3 has ended already.")
  }

  @Test func `Details scroll no further than they go, and q leaves them, not the program`() {
    var state = TopState()
    _ = state.press(.down, rows: rows)
    #expect(state.press(.enter, rows: rows) == .showDetails(7))
    for _ in 0..<9 { _ = state.press(.down, rows: rows, detailLines: (15, 10)) }
    #expect(state.scroll == 5)
    _ = state.press(.pageUp, rows: rows, detailLines: (15, 10))
    #expect(state.scroll == 0)
    #expect(state.press(.character("q"), rows: rows) == nil)
    #expect(state.detailed == nil)
    #expect(state.press(.character("q"), rows: rows) == .quit)
  }

  @Test func `Keys are read from what terminals send, also when it comes in pieces`() {
    var reader = KeyReader()
    #expect(
      reader.keys(in: Array("j \u{1B}[A\u{1B}OB\r".utf8)) == [.character("j"), .character(" "), .up, .down, .enter])
    #expect(reader.keys(in: [0x1B]) == [.escape])
    #expect(reader.keys(in: Array("\u{1B}[".utf8)) == [])
    #expect(reader.keys(in: Array("6~q".utf8)) == [.pageDown, .character("q")])
    #expect(reader.keys(in: Array("\u{1B}[1;5Dx\u{1B}q".utf8)) == [.character("x"), .escape, .character("q")])
    #expect(reader.keys(in: [0xC3, 0xA4, 0x00]) == [])
    #expect(reader.keys(in: [0x0C]) == [.redraw])
  }
}
