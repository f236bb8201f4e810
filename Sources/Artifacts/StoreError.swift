import Glibc
import Jobs
package import SystemPackage

/// The disk said no. Reads as one sentence.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
  package let path: String
  package let errno: Errno

  package var description: String {
    switch errno {
    case .noSpace, .diskQuotaExceeded:
      "The disk that holds \(path) is full; free some space."
    default:
      "\(path) cannot be used: \(errno.description)."
    }
  }

  /// Whether it stays as it is until a person changes a name, or moves away what is in the way.
  package var isPermanent: Bool {
    switch errno {
    case .fileNameTooLong, .isDirectory, .notDirectory, .tooManySymbolicLinkLevels, .invalidArgument, .fileExists,
      .directoryNotEmpty:
      true
    default: false
    }
  }

  /// What a run that met it throws. What may pass is the machine's fault, so it costs the job nothing.
  package var asStepError: any Error {
    if errno == .noSpace || errno == .diskQuotaExceeded { return JobFailure(.noSpace, description) }
    if errno == .fileNameTooLong {
      return JobFailure(
        .invalidOutput, "\(path) is a longer name than the file system allows; give the source a shorter one.")
    }
    if isPermanent {
      return JobFailure(
        .invalidOutput,
        "\(path) cannot be used (\(errno.description)): something else is in its place; move it away, then retry the job."
      )
    }
    return StepSnooze(for: .seconds(30), reason: description)
  }
}

package enum FileStatus {
  /// Whether something is there; what cannot be looked at is not.
  package static func exists(_ path: FilePath) -> Bool { Files.modificationTime(of: path) != nil }

  /// Whether it is a directory, or a link to one.
  package static func isDirectory(_ path: FilePath) -> Bool {
    var status = stat()
    return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether `path` is `directory` or would be somewhere in it, wherever links lead.
  package static func isWithin(_ path: FilePath, _ directory: FilePath) -> Bool {
    resolved(path).starts(with: resolved(directory))
  }

  /// Without links, as far as it is there.
  private static func resolved(_ path: FilePath) -> FilePath {
    let whole = path.lexicallyNormalized()
    var there = whole
    while there.lastComponent != nil {
      if let real = realpath(there.string, nil) {
        defer { free(real) }
        var rest = whole
        _ = rest.removePrefix(there)
        return FilePath(platformString: real).appending(rest.string)
      }
      there.removeLastComponent()
    }
    return whole
  }
}
