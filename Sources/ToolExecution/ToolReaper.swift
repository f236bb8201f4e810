package import SystemPackage

/// Ends what is left of a run whose daemon died, and proves it.
///
/// Usually there is nothing to do: the supervisor kills everything at once when its daemon dies. This is for the
/// moment in which it still does, and for the case that the supervisor was killed too.
package struct ToolReaper: Sendable {
  /// How long a supervisor that is still there may take to end its run by itself.
  package static let supervisorPatience: Duration = .seconds(5)
  /// How long processes may take to die of SIGKILL before ``ToolError/notReaped(_:)``.
  package static let killPatience: Duration = .seconds(10)

  package let supervisor: FilePath

  /// - Parameter supervisor: the path of `stepworks-supervisor`, which does the killing.
  package init(supervisor: FilePath) {
    self.supervisor = supervisor
  }
}

/// That no process of a run is left, and what had to be killed for it.
package struct ReapProof: Sendable, Hashable {
  package var runID: ToolRunID
  /// A supervisor of the run was still alive.
  package var supervisorFound: Bool
  /// Processes sent SIGKILL.
  package var killed: [Int32]
  /// Processes that would not die; empty in a proof that ``ToolReaper`` returns.
  package var remaining: [Int32]
}

extension ToolReaper {
  /// Kills every process that carries the run's identifier, and every descendant of one, until two scans find none.
  ///
  /// - Throws: ``ToolError/notReaped(_:)`` when a process does not die: the run's job must not be handed out again
  ///   yet. ``ToolError/missingSupervisor(_:reason:)``, ``ToolError/supervisorFailed(_:)``.
  package func reap(_ runID: ToolRunID) async throws(ToolError) -> ReapProof {
    throw .supervisorFailed("not built yet")
  }
}
