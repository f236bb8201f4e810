import Artifacts
import OperatorAPI
import Queueing
import SystemPackage
import ToolExecution

/// Ends a command: one sentence on standard error, and the status.
struct CommandFailure: Error, CustomStringConvertible {
  let status: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ sentence: String) {
    self.status = status
    self.description = sentence
  }

  /// What any error of a command means to the person who typed it.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as SettingsError: self.init(.configuration, error.description)
    case let error as QueueError: self.init(error.status, error.description + error.suggestion)
    case let error as StatusServerError: self.init(.unavailable, error.description)
    case let error as ToolError: self.init(.unavailable, error.description)
    case let error as StoreError: self.init(error.status, error.description)
    case let error as StoreFault: self.init(.inputOutput, error.description)
    case let error as PlacementError: self.init(.refused, error.description)
    case let error as NameTemplateError: self.init(.refused, error.description)
    default: self.init(.internal, "\(error)")
    }
  }
}

extension QueueError {
  /// The name that was probably meant, as a sentence after another; empty when none is near.
  fileprivate var suggestion: String {
    let nearest: String? =
      switch self {
      case .unknownStep(let name, let known), .noSuchQueue(let name, let known), .noSuchTenant(let name, let known):
        Nearest.nearest(to: name, among: known)
      default: nil
      }
    return nearest.map { " Did you mean \($0)?" } ?? ""
  }

  var status: ExitStatus {
    switch self {
    case .missingDatabase, .replaced, .noSuchJob, .noSuchQueue, .noSuchTenant: .missingInput
    case .notADatabase, .foreignDatabase, .newerDatabase, .olderDatabase: .refused
    case .refused, .unknownStep, .wrongState, .waitsForFailed: .refused
    case .readOnly: .notPermitted
    case .diskFull, .unreadable: .inputOutput
    case .busy: .unavailable
    }
  }
}

extension StoreError {
  fileprivate var status: ExitStatus {
    switch errno {
    case .permissionDenied, .notPermitted, .readOnlyFileSystem: .notPermitted
    default: .inputOutput
    }
  }
}
