extension ToolError {
  /// The class and sentence of a run that gave no report.
  ///
  /// - Parameter terminated: see ``ToolReport/failure(whenTerminated:)``.
  package func failure(whenTerminated terminated: ToolFailureKind = .interrupted) -> ToolFailure {
    let kind: ToolFailureKind
    switch self {
    case .missingTool, .missingSupervisor: kind = .missingTool
    case .cancelledBeforeStart: kind = terminated
    case .recordingFailed: kind = .interrupted
    case .startFailed: kind = .missingTool
    // It may have been the tool that did it, so it counts against the job.
    case .supervisorDied, .notReaped: kind = .toolCrashed
    case .invalidCommand, .logDirectoryUnusable, .supervisorFailed:
      kind = isOutOfSpace(description) ? .noSpace : .toolFailed
    }
    return ToolFailure(kind: kind, sentence: description)
  }
}
