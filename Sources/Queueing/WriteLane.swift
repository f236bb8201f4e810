import Dispatch
import GRDB
import Synchronization

/// The one way by which this process writes.
///
/// Writes that arrive while another commits are committed together with the next one (group commit): that is what
/// makes a disk flush per commit affordable. Each transaction is BEGIN IMMEDIATE, so it never meets a
/// SQLITE_BUSY_SNAPSHOT. A submitted write runs to its end whatever becomes of the task that submitted it.
final class WriteLane: Sendable {
  /// How many writes share a transaction at most: bounds how long other processes wait for the lock.
  static let maximumBatch = 500

  private struct State {
    var pending: [any PendingWrite] = []
    var isDraining = false
  }

  private let database: QueueDatabase
  /// Only where a write waits as long as it takes.
  private let onLongWait: (@Sendable (QueueError) -> Void)?
  private let state = Mutex(State())
  /// Since when this process waits for the lock of the database.
  private let lockAskedAt = Mutex<ContinuousClock.Instant?>(nil)
  /// A thread of its own: waiting for the lock of another process must not hold a thread of the task pool.
  private let queue = DispatchQueue(label: "stepworks.write-lane")

  init(database: QueueDatabase, onLongWait: (@Sendable (QueueError) -> Void)?) {
    self.database = database
    self.onLongWait = onLongWait
  }

  /// - Parameter work: may run more than once, each time from the same state of the database.
  func write<T: Sendable>(_ work: @escaping @Sendable (Database) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      let write = ContinuedWrite(work: work, continuation: continuation)
      let mustDrain = state.withLock { state in
        state.pending.append(write)
        defer { state.isDraining = true }
        return !state.isDraining
      }
      if mustDrain { queue.async { self.drain() } }
    }
  }

  /// How long the lock of the database has been waited for at this moment; zero when it is not.
  var lockWait: Duration { lockAskedAt.withLock { $0 }.map { .now - $0 } ?? .zero }

  private func drain() {
    while true {
      let batch = state.withLock { state in
        let batch = Array(state.pending.prefix(Self.maximumBatch))
        state.pending.removeFirst(batch.count)
        if batch.isEmpty { state.isDraining = false }
        return batch
      }
      if batch.isEmpty { return }
      commit(batch)
    }
  }

  private func commit(_ batch: [any PendingWrite]) {
    var hasBegun = false
    do {
      try transaction(of: batch.count) { db in
        hasBegun = true
        for write in batch { try write.attempt(db) }
      }
      for write in batch { write.succeed() }
    } catch {
      if hasBegun, batch.count > 1 {
        commitApart(batch)
      } else {
        for write in batch { write.fail(error) }
      }
    }
  }

  /// One bad write must not take its neighbours down: the second time each has a savepoint of its own.
  private func commitApart(_ batch: [any PendingWrite]) {
    var errors: [Int: any Error] = [:]
    do {
      try transaction(of: batch.count) { db in
        for (index, write) in batch.enumerated() {
          try db.run("SAVEPOINT one_write")
          do {
            try write.attempt(db)
          } catch {
            // Some errors, such as a full disk, end the transaction: then there is nothing to save.
            guard db.isInsideTransaction else { throw error }
            try db.run("ROLLBACK TO one_write")
            errors[index] = error
          }
          try db.run("RELEASE one_write")
        }
      }
      for (index, write) in batch.enumerated() {
        if let error = errors[index] { write.fail(explained(error, path: database.path)) } else { write.succeed() }
      }
    } catch {
      for write in batch { write.fail(error) }
    }
  }

  private func transaction(of writes: Int, _ body: (Database) throws -> Void) throws {
    try explainingErrors(path: database.path) {
      try database.pool.writeWithoutTransaction { db in
        let asked = ContinuousClock.now
        try begin(db, asked)
        let begun = ContinuousClock.now
        do {
          try body(db)
          try db.run("COMMIT")
          database.onCommit(CommitReport(lockWait: begun - asked, held: .now - begun, writes: writes))
        } catch {
          if db.isInsideTransaction { try? db.execute(sql: "ROLLBACK") }  // the first error is the one to tell
          throw error
        }
      }
    }
  }

  private func begin(_ db: Database, _ asked: ContinuousClock.Instant) throws {
    lockAskedAt.withLock { $0 = asked }
    defer { lockAskedAt.withLock { $0 = nil } }
    while true {
      do {
        return try db.run("BEGIN IMMEDIATE")
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
        guard let onLongWait else { throw error }
        onLongWait(.busy(path: database.path))  // the busy handler has slept
      }
    }
  }
}

/// A write and whoever waits for it, with the type of its value erased.
private protocol PendingWrite: Sendable {
  func attempt(_ db: Database) throws
  func succeed()
  func fail(_ error: any Error)
}

private final class ContinuedWrite<T: Sendable>: PendingWrite {
  private let work: @Sendable (Database) throws -> T
  private let continuation: CheckedContinuation<T, any Error>
  private let value = Mutex<T?>(nil)

  init(work: @escaping @Sendable (Database) throws -> T, continuation: CheckedContinuation<T, any Error>) {
    self.work = work
    self.continuation = continuation
  }

  func attempt(_ db: Database) throws {
    let result = try work(db)
    value.withLock { $0 = result }
  }

  func succeed() {
    guard let result = value.withLock({ $0 }) else { preconditionFailure("a committed write has a value") }
    continuation.resume(returning: result)
  }

  func fail(_ error: any Error) { continuation.resume(throwing: error) }
}
