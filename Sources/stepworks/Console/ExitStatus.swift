/// How this program ends: sysexits.h where it has a word for it.
enum ExitStatus: Int32 {
  case done = 0
  /// A job that was waited for failed; or an artifact that was verified is not what was published.
  case jobFailed = 1
  /// A job that was waited for was cancelled.
  case jobCancelled = 2
  case usage = 64
  /// Something given is refused: a parameter, a file that is no database of ours, a step that is not known.
  case refused = 65
  /// A file or a job that is named does not exist.
  case missingInput = 66
  /// Something needed can't be had now: a tool, a port, the lock of the database.
  case unavailable = 69
  /// A fault of this program.
  case `internal` = 70
  case cannotCreate = 73
  /// The disk is full or does not answer.
  case inputOutput = 74
  case notPermitted = 77
  case configuration = 78
  /// Ctrl-C.
  case interrupted = 130

  static let table = """
    EXIT STATUS
      0   done
      1   a job that was waited for failed; an artifact is damaged
      2   a job that was waited for was cancelled
      64  the command line is wrong
      65  refused: a parameter, a state, a database of another version
      66  a file, database, job or queue does not exist
      69  unavailable: a tool missing, a port taken, the database locked
      70  a fault of stepworks itself
      73  a file cannot be created
      74  the disk is full or failing
      77  not permitted: a file or directory cannot be written
      78  the configuration is wrong
      130 interrupted by Ctrl-C
    """
}
