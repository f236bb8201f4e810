import FoundationEssentials
import Subprocess
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

  /// - Parameter supervisor: the path of `stepworks-supervisor`. Its `--reap` mode does the killing: by process
  ///   descriptor, so that a reused pid is never hit.
  package init(supervisor: FilePath) {
    self.supervisor = supervisor
  }

  /// Kills every process that carries the run's identifier, and every descendant of one, until two scans find none.
  ///
  /// A live supervisor of the run is told to kill its tool at once, so never call this for a run that shall go on.
  /// Cancelling the task does not cut it short. It sees only processes whose environment this user may read.
  ///
  /// - Throws: ``ToolError/notReaped(_:)`` when a process does not die: the run's job must not be handed out again
  ///   yet. ``ToolError/missingSupervisor(_:reason:)`` and ``ToolError/supervisorFailed(_:)`` prove nothing either.
  package func reap(_ runID: ToolRunID) async throws(ToolError) -> ReapProof {
    let reaper = self
    let work = Task { () -> Result<ReapProof, ToolError> in
      do throws(ToolError) {
        return .success(try await reaper.scanAndKill(runID))
      } catch {
        return .failure(error)
      }
    }
    return try await work.value.get()
  }

  private func scanAndKill(_ runID: ToolRunID) async throws(ToolError) -> ReapProof {
    var options = PlatformOptions()
    options.createSession = true  // out of reach of a Ctrl-C in the daemon's terminal
    let said: String
    let status: TerminationStatus
    do {
      let outcome = try await Subprocess.run(
        .path(supervisor), arguments: Arguments(SupervisorArguments.reap(runID)), environment: .custom([:]),
        workingDirectory: "/", platformOptions: options, output: .string(limit: 1 << 20), error: .discarded)
      said = outcome.standardOutput
      status = outcome.terminationStatus
    } catch {
      throw .supervisorFailed("What is left of run \(runID) could not be searched for (\(error)).")
    }
    guard let findings = try? JSONDecoder().decode(Findings.self, from: Data(said.utf8)) else {
      throw .supervisorFailed("The search for what is left of run \(runID) failed (\(status)).")
    }
    let proof = ReapProof(
      runID: runID, supervisorFound: findings.supervisorFound, killed: findings.killed, remaining: findings.remaining)
    guard status == .exited(SupervisorExit.recorded) else { throw .notReaped(proof) }
    return proof
  }

  private struct Findings: Decodable {
    var supervisorFound: Bool
    var killed: [Int32]
    var remaining: [Int32]

    enum CodingKeys: String, CodingKey {
      case killed, remaining
      case supervisorFound = "supervisor_found"
    }
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

  package init(runID: ToolRunID, supervisorFound: Bool = false, killed: [Int32] = [], remaining: [Int32] = []) {
    self.runID = runID
    self.supervisorFound = supervisorFound
    self.killed = killed
    self.remaining = remaining
  }
}
