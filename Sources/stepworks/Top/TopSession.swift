import Glibc
import Jobs
import Queueing
import SystemPackage

/// `stepworks top` on a terminal, from the first frame to the last key.
struct TopSession {
  let queue: JobQueue
  let dataDirectory: FilePath
  /// Between two looks; `nil`: at each commit, and once a second.
  let interval: Duration?

  /// However fast others commit.
  private static let shortestPause: Duration = .milliseconds(200)
  /// A look that takes long, on a database with millions of waiting jobs, is taken seldom: a tenth of the time at most.
  private static let restAfterLook = 9

  func run() async throws {
    let screen = Screen()
    let input = TopInput(screen: screen)
    let watcher = interval == nil ? try CommitWatcher(queue) : nil
    input.start()
    screen.enter()
    defer { screen.leave() }
    try await withThrowingTaskGroup { group in
      defer {
        screen.leave()
        watcher?.stop()
        group.cancelAll()
      }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: interval ?? .seconds(1))  // cancelled: the loop ends
          input.mustLook()
        }
      }
      if let watcher {
        group.addTask {
          for await _ in watcher.wakeUps {
            input.mustLook()
            try? await Task.sleep(for: Self.shortestPause)  // cancelled: the watch ends
          }
        }
      }
      try await loop(screen, input, &group)
    }
  }

  private func loop(
    _ screen: Screen, _ input: TopInput, _ group: inout ThrowingTaskGroup<Void, any Error>
  ) async throws {
    var reader = TopReader(queue)
    var state = TopState()
    var snapshot = try await reader.look()
    var details: JobDetails?
    var nextLook = ContinuousClock.now
    while true {
      let size = screen.size
      let isThere = screen.draw(lines(snapshot, details, state, size), size: size)
      if !isThere { return }  // the terminal has gone, and whoever looked at it
      var wakeUps = input.wakeUps.makeAsyncIterator()
      guard await wakeUps.next() != nil else { return }
      let events = input.take()
      if events.isSuspended {
        screen.leave()
        // This thread may run on for a moment: only the continuation takes the terminal again.
        kill(getpid(), SIGSTOP)
      } else if events.isContinued {
        screen.enter()
      }
      for key in events.keys {
        if key == .redraw {
          screen.forget()
          continue
        }
        let shown = max(1, size.rows - 1)
        let lines = details.map { (all: detailLines($0, snapshot.at, size).count, shown: shown) }
        let rows = TopView(snapshot: snapshot, width: size.columns).choices
        switch state.press(key, rows: rows, detailLines: lines ?? (0, shown)) {
        case .quit: return
        case .cancel(let job):
          // A lock that another process has may take its time: keys go on.
          state.notice = "Cancelling job \(job) …"
          group.addTask {
            let sentence = await cancel(job)
            if screen.isShown { input.notice(sentence) } else { Terminal.tell(sentence) }
          }
        case .showDetails(let job):
          details = try await JobDetails(of: job, in: queue, dataDirectory: dataDirectory)
          if details == nil { state.leaveDetails(saying: "Job \(job) is no longer there.") }
        case nil: break
        }
      }
      if state.detailed == nil { details = nil }
      if let notice = events.notice {
        state.notice = notice
        nextLook = .now
      }
      let began = ContinuousClock.now
      guard events.mustLook, !state.isFrozen, began >= nextLook else { continue }
      snapshot = try await reader.look()
      if let job = state.detailed {
        details = try await JobDetails(of: job, in: queue, dataDirectory: dataDirectory) ?? details
      }
      nextLook = .now + (ContinuousClock.now - began) * Self.restAfterLook
    }
  }

  private func cancel(_ job: JobID) async -> String {
    do {
      // Who ends the view right after it meant it all the same.
      return CancelCommand.sentence(job, try await Task { try await queue.cancel(job) }.value)
    } catch {
      return CommandFailure(error).description
    }
  }

  private func lines(_ snapshot: TopSnapshot, _ details: JobDetails?, _ state: TopState, _ size: Screen.Size)
    -> [String]
  {
    guard let details else {
      let time = LocalTime(snapshot.at)
      return TopView(snapshot: snapshot, width: size.columns, colour: Terminal.hasColour).screen(
        rows: size.rows, state: state, clock: "\(time.clock)\(time.zone)")
    }
    let lines = detailLines(details, snapshot.at, size)
    let shown = max(1, size.rows - 1)
    let first = min(state.scroll, max(0, lines.count - shown))
    let page = Array(lines[first..<min(lines.count, first + shown)])
    let more = lines.count > shown ? "  ↑↓ space scroll  \(first + page.count) of \(lines.count) lines" : ""
    let footer = TextWidth.truncated("q back\(more)", to: size.columns)
    return page + Array(repeating: "", count: shown - page.count)
      + [Terminal.hasColour ? Style.faint.applied(to: footer) : footer]
  }

  private func detailLines(_ details: JobDetails, _ now: Timestamp, _ size: Screen.Size) -> [String] {
    details.lines(now: now, colour: false).flatMap { line in
      line.visible.split(separator: "\n", omittingEmptySubsequences: false)
        .flatMap { TextWidth.wrapped(String($0), to: size.columns) }
    }
  }
}
