/// Who is in a pool and who waits for a place: a value without waits or processes, changed by ``WarmTools`` under its
/// lock.
///
/// First come, first served. Every place that is taken is given back exactly once, when nothing of its process is left.
struct WarmRoster<Process: AnyObject & Sendable>: Sendable {
  enum Seat: Sendable {
    /// A process that waits for a request.
    case idle(Process)
    /// A place for a process that is to be started.
    case vacant
  }

  struct Waiter: Sendable {
    var key: WarmKey
    /// A process that has already worked will not do.
    var wantsFresh: Bool
    var seat: CheckedContinuation<Seat?, Never>
  }

  private struct Idle: Sendable {
    var process: Process
    var key: WarmKey
  }

  /// What is to be done outside the lock.
  struct Actions: Sendable {
    var seats: [(CheckedContinuation<Seat?, Never>, Seat?)] = []
    var ends: [(Process, WarmEnd)] = []
  }

  private(set) var maximum: Int
  private(set) var isClosed = false
  /// Places taken for processes that are not there yet.
  private var reserved = 0
  /// Processes that are not yet gone.
  private var members: Set<ObjectIdentifier> = []
  /// Those of them that were asked to leave: their places come free without anybody's doing.
  private var leaving: Set<ObjectIdentifier> = []
  private var idle: [Idle] = []
  private var waiters: [(id: UInt64, waiter: Waiter)] = []

  init(maximum: Int) { self.maximum = max(1, maximum) }

  /// More than the maximum only while it was just lowered.
  var living: Int { members.count + reserved }
  var waitingCount: Int { waiters.count }
  var busyCount: Int { living - idle.count - leaving.count }

  mutating func ask(_ waiter: Waiter, id: UInt64) -> Actions {
    waiters.append((id, waiter))
    return settle()
  }

  /// Whoever waited no longer does, if it still did.
  mutating func withdraw(_ id: UInt64) -> Actions {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return Actions() }
    var actions = Actions()
    actions.seats.append((waiters.remove(at: index).waiter.seat, nil))
    return actions
  }

  /// A vacant place is filled.
  mutating func join(_ process: Process) {
    reserved -= 1
    members.insert(ObjectIdentifier(process))
  }

  /// A vacant place is given back: its process could not be made.
  mutating func giveUp() -> Actions {
    reserved -= 1
    return settle()
  }

  /// A process has answered and can take another request, unless it has died since.
  mutating func putBack(_ process: Process, _ key: WarmKey) -> Actions {
    if members.contains(ObjectIdentifier(process)) { idle.append(Idle(process: process, key: key)) }
    return settle()
  }

  /// A process at work was asked to leave.
  mutating func leaves(_ process: Process) {
    if members.contains(ObjectIdentifier(process)) { leaving.insert(ObjectIdentifier(process)) }
  }

  /// Takes a process out of those that wait, to be ended. False when it is at work or was taken already.
  mutating func remove(_ process: Process) -> Bool {
    guard let index = idle.firstIndex(where: { $0.process === process }) else { return false }
    idle.remove(at: index)
    leaving.insert(ObjectIdentifier(process))
    return true
  }

  /// Nothing of a process is left.
  mutating func gone(_ process: Process) -> Actions {
    members.remove(ObjectIdentifier(process))
    leaving.remove(ObjectIdentifier(process))
    idle.removeAll { $0.process === process }
    return settle()
  }

  mutating func setMaximum(_ value: Int) -> Actions {
    maximum = max(1, value)
    return settle()
  }

  mutating func close() -> Actions {
    isClosed = true
    return settle()
  }

  private mutating func settle() -> Actions {
    var actions = Actions()
    if isClosed {
      actions.seats = waiters.map { ($0.waiter.seat, nil) }
      waiters = []
      while let process = takeOldest() { actions.ends.append((process, .closed)) }
      return actions
    }
    while living - leaving.count > maximum, let process = takeOldest() { actions.ends.append((process, .surplus)) }
    while let waiter = waiters.first?.waiter {
      guard let seat = seat(for: waiter, &actions) else { break }
      waiters.removeFirst()
      actions.seats.append((waiter.seat, seat))
    }
    return actions
  }

  private mutating func seat(for waiter: Waiter, _ actions: inout Actions) -> Seat? {
    // The one that worked last is the one whose memory is still in the caches; the others may grow old and leave.
    if !waiter.wantsFresh, let index = idle.lastIndex(where: { $0.key == waiter.key }) {
      return .idle(idle.remove(at: index).process)
    }
    if living < maximum {
      reserved += 1
      return .vacant
    }
    // One that does not fit makes room, unless one is already on its way out.
    if living - leaving.count >= maximum, let process = takeOldest() { actions.ends.append((process, .mismatch)) }
    return nil
  }

  private mutating func takeOldest() -> Process? {
    guard let process = idle.first?.process, remove(process) else { return nil }
    return process
  }
}
