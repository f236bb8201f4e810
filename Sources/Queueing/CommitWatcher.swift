import Atomics
import Dispatch
import GRDB
import Glibc
import Synchronization

/// Wakes on commits to the database, by whichever process, without polling it.
///
/// inotify on the write-ahead log says that somebody writes; the event comes a little before the commit is visible, so
/// `PRAGMA data_version` is read a few times in the milliseconds after it. Should the log be made anew, the watch follows
/// it. A wake-up may be spurious, and one may be missed while the watch is moved: callers look for themselves,
/// and look once in a while without being woken.
package final class CommitWatcher: Sendable {
  /// One element per wake-up; wake-ups that nobody has taken yet are one.
  package let wakeUps: AsyncStream<Void>

  private let continuation: AsyncStream<Void>.Continuation
  private let notice = Notice()

  package init(_ queue: JobQueue) throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    wakeUps = stream
    self.continuation = continuation
    let watch = try explainingErrors(path: queue.path) {
      try LogWatch(path: queue.path) { [notice] in
        notice.give()
        continuation.yield()
      }
    }
    continuation.onTermination = { [watch] _ in watch.stop() }
  }

  /// When the first commit was noticed that came after the last call: a look at the database that begins now sees it.
  package func takeNotice() -> ContinuousClock.Instant? { notice.take() }

  /// Ends ``wakeUps``, once those that came before have been taken.
  package func stop() { continuation.finish() }

  deinit { continuation.finish() }
}

/// Since when there is something to look at.
private final class Notice: Sendable {
  private let since = Mutex<ContinuousClock.Instant?>(nil)

  func give() { since.withLock { $0 = $0 ?? .now } }

  func take() -> ContinuousClock.Instant? {
    since.withLock { since in
      defer { since = nil }
      return since
    }
  }
}

/// The inotify side, confined to one dispatch queue.
private final class LogWatch: @unchecked Sendable {
  private let logPath: String
  private let directory: String
  private let onCommit: @Sendable () -> Void
  private let database: DatabaseQueue
  private let queue = DispatchQueue(label: "stepworks.commit-watcher")
  private let descriptor: Int32
  private let source: any DispatchSourceRead
  // Touched on `queue` only.
  private var watchDescriptor: Int32 = -1
  private var directoryWatch: Int32 = -1
  private var mustArm = false
  private var lastVersion: Int64 = -1
  private let isStopped = ManagedAtomic(false)

  /// How long after an event to look for its commit: the first looks are close together, for the sake of latency.
  /// Microseconds before each look.
  private static let looks = [0, 100, 200, 400, 800, 2_000, 4_000, 8_000, 16_000]
  /// Where the looks go on after a commit was found: nearly a millisecond apart, so that a database that is written all
  /// the time costs a few percent of a core at most.
  private static let lookAfterCommit = 4

  init(path: String, onCommit: @escaping @Sendable () -> Void) throws {
    logPath = path + "-wal"
    directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    self.onCommit = onCommit
    var configuration = Configuration()
    configuration.readonly = true
    configuration.label = "stepworks.commit-watcher"
    // A connection of its own that stays open: closing the last one would delete the log.
    database = try DatabaseQueue(path: path, configuration: configuration)
    descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    guard descriptor >= 0 else {
      let reason =
        errno == EMFILE
        ? "this user has no inotify instance left for it; end some programs or raise fs.inotify.max_user_instances"
        : "inotify is not available (\(String(cString: strerror(errno))))"
      throw QueueError.unreadable(path: path, reason: reason)
    }
    let descriptor = self.descriptor
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setCancelHandler { close(descriptor) }
    queue.sync {
      lastVersion = dataVersion()
      // Tells of a log that is made anew. Writes to files do not show here: the shared memory file changes all the time.
      directoryWatch = inotify_add_watch(descriptor, directory, UInt32(IN_CREATE) | UInt32(IN_MOVED_TO))
      arm()
    }
    source.setEventHandler { [weak self] in self?.logChanged() }
    source.activate()
  }

  func stop() {
    isStopped.store(true, ordering: .relaxed)
    source.cancel()
  }

  /// - Returns: whether another file is watched now.
  @discardableResult
  private func arm() -> Bool {
    mustArm = false
    let previous = watchDescriptor
    watchDescriptor = inotify_add_watch(
      descriptor, logPath, UInt32(IN_MODIFY) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF))
    if watchDescriptor == previous { return false }
    if previous >= 0 { inotify_rm_watch(descriptor, previous) }
    return watchDescriptor >= 0
  }

  /// Looks until the version has been still for the whole series: an event that came with an earlier one may belong to
  /// a commit that is not visible yet.
  private func logChanged() {
    drainEvents()
    var look = 0
    var hasFound = false
    while look < Self.looks.count, !isStopped.load(ordering: .relaxed) {
      if Self.looks[look] > 0, waitForEvent(microseconds: Self.looks[look]) {
        drainEvents()
        // Quiet for two milliseconds or more: latency counts again.
        if look > Self.lookAfterCommit { hasFound = false }
        look = hasFound ? Self.lookAfterCommit - 1 : 0
      }
      let isLogNew = mustArm && arm()
      let version = dataVersion()
      if isLogNew || version != lastVersion {
        lastVersion = version
        hasFound = true
        look = max(look, Self.lookAfterCommit - 1)
        onCommit()
      }
      look += 1
    }
  }

  /// Sleeps at most `microseconds`; a long sleep ends with the next event.
  private func waitForEvent(microseconds: Int) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard microseconds >= 1000 else {
      usleep(UInt32(microseconds))  // poll knows only milliseconds
      return poll(&request, 1, 0) > 0
    }
    return poll(&request, 1, Int32(microseconds / 1000)) > 0
  }

  private func drainEvents() {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
      while true {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        guard count > 0 else { return }
        var offset = 0
        while offset < count {
          let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
          let isGone = event.mask & (UInt32(IN_IGNORED) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)) != 0
          if event.wd == directoryWatch || (event.wd == watchDescriptor && isGone) { mustArm = true }
          offset += MemoryLayout<inotify_event>.size + Int(event.len)
        }
      }
    }
  }

  private func dataVersion() -> Int64 {
    let version = try? database.inDatabase { db in
      try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version"))
    }
    return version ?? lastVersion - 1  // unreadable now: wake, and let the reader meet the error
  }
}
