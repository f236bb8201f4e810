import GRDB
import Glibc

/// Why the database cannot be used. Each case reads as one sentence that names the file and the next thing to do.
package enum QueueError: Error, Sendable, Hashable, CustomStringConvertible {
  case missingDatabase(path: String)
  case notADatabase(path: String)
  case foreignDatabase(path: String)
  case newerDatabase(path: String, found: Int, known: Int)
  case olderDatabase(path: String, found: Int, known: Int)
  /// `obstacle`: which file it is and whose, one sentence; `nil` when modes and owners are not the reason.
  case readOnly(path: String, obstacle: String? = nil)
  case diskFull(path: String)
  case unreadable(path: String, reason: String)
  /// The file that is open is not at its path any more.
  case replaced(path: String)
  /// Another process holds the write lock longer than the caller wants to wait.
  case busy(path: String)
  /// A trigger or a CHECK refused the write; the message is the schema's own.
  case refused(String)
  case unknownStep(String, known: [String])
  case noSuchJob(Int64)
  case wrongState(jobID: Int64, state: String, wanted: String)
  /// A retry of a job whose own parent has failed or was cancelled.
  case waitsForFailed(jobID: Int64, parent: Int64)
  case noSuchQueue(String, known: [String])
  case noSuchTenant(String, known: [String])

  package var description: String {
    switch self {
    case .missingDatabase(let path):
      "There is no database at \(path); create it with: stepworks migrate --database \(path)"
    case .notADatabase(let path):
      "\(path) is not a SQLite database; name another file with --database or move this one away."
    case .foreignDatabase(let path):
      "\(path) is the SQLite database of another program; name another file with --database."
    case .newerDatabase(let path, let found, let known):
      "\(path) was written by a newer stepworks (schema \(found), this binary knows \(known)); install that version."
    case .olderDatabase(let path, let found, let known):
      "\(path) has schema \(found) and this binary needs \(known); stop the workers, then run: stepworks migrate --database \(path)"
    case .readOnly(let path, let obstacle):
      "\(path) or its directory cannot be written by this user; SQLite needs to write both."
        + (obstacle.map { " " + $0 } ?? "")
    case .diskFull(let path):
      "The disk that holds \(path) is full; free some space, nothing was lost."
    case .unreadable(let path, let reason):
      "\(path) cannot be used: \(reason)."
    case .replaced(let path):
      "\(path) was deleted, moved away or replaced while it was open, so nobody sees what is written to it; put the right file there and start again."
    case .busy(let path):
      "Another process keeps \(path) locked for writing; try again when it is done."
    case .refused(let message):
      message
    case .unknownStep(let name, let known):
      "There is no step '\(name)'; known steps: \(known.isEmpty ? "none yet, run stepworks migrate" : known.joined(separator: ", "))."
    case .noSuchJob(let id):
      "There is no job \(id)."
    case .wrongState(let jobID, let state, let wanted):
      "Job \(jobID) is \(state); only a job that is \(wanted)."
    case .waitsForFailed(let jobID, let parent):
      "Job \(jobID) waits for job \(parent), which did not complete; retry that one, and this one waits for it again."
    case .noSuchQueue(let name, let known):
      "There is no queue '\(name)'; known queues: \(known.isEmpty ? "none yet" : known.joined(separator: ", "))."
    case .noSuchTenant(let name, let known):
      "There is no tenant '\(name)'; known tenants: \(known.joined(separator: ", "))."
    }
  }
}

extension QueueError {
  /// What SQLite says, as a sentence about the file.
  init(_ error: DatabaseError, path: String) {
    switch error.resultCode {
    case .SQLITE_NOTADB:
      self = .notADatabase(path: path)
    case .SQLITE_CORRUPT:
      self = .unreadable(
        path: path, reason: "it is damaged (\(error.message ?? "malformed")); stop the workers and restore a backup")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      self = .readOnly(path: path, obstacle: Self.obstacle(path: path))
    case .SQLITE_FULL:
      self = .diskFull(path: path)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self = .busy(path: path)
    case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
      let message = error.message ?? "a constraint"
      let prefix = "stepworks: "
      self = .refused(
        message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : "The database refused it: \(message).")
    default:
      self = .unreadable(path: path, reason: error.message ?? "SQLite error \(error.resultCode.rawValue)")
    }
  }
}

extension QueueError {
  /// The first of the files that SQLite writes which this user may not: its owner and mode.
  fileprivate static func obstacle(path: String) -> String? {
    for file in [path, path + "-wal", path + "-shm", parentDirectory(of: path)] {
      var status = stat()
      guard access(file, W_OK) != 0, errno == EACCES, stat(file, &status) == 0 else { continue }
      let user = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "\(status.st_uid)"
      let group = getgrgid(status.st_gid).map { String(cString: $0.pointee.gr_name) } ?? "\(status.st_gid)"
      return "\(file) belongs to \(user):\(group) and has mode \(String(status.st_mode & 0o7777, radix: 8))."
    }
    return nil
  }
}

/// Runs database work and turns what SQLite throws into a ``QueueError``.
func explainingErrors<T>(path: String, _ work: () throws -> T) throws -> T {
  do {
    return try work()
  } catch {
    throw explained(error, path: path)
  }
}

func explained(_ error: any Error, path: String) -> any Error {
  if let error = error as? DatabaseError { QueueError(error, path: path) } else { error }
}
