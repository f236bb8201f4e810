import FoundationEssentials
import Glibc
package import SystemPackage

/// Where tool runs get cgroups of their own: the kernel then bounds their memory, and no process can hide from its end.
package enum ToolCgroups: Sendable, Hashable, CustomStringConvertible {
  /// What an operator asks for.
  package enum Placement: Sendable, Hashable {
    /// In this process's own cgroup, if that may be divided.
    case automatic
    /// In an existing directory of a cgroup hierarchy that this user may write.
    case at(FilePath)
    case off
  }

  /// Version 2: one directory a run is made in the parent.
  case unified(parent: FilePath)
  /// The memory hierarchy of version 1.
  case legacy(parent: FilePath)
  /// Limits of memory are not enforced; one sentence says why, and what to do.
  case none(reason: String)

  package static let off = none(reason: "Cgroups are switched off.")

  package var parent: FilePath? {
    switch self {
    case .unified(let parent), .legacy(let parent): parent
    case .none: nil
    }
  }

  package var description: String {
    switch self {
    case .unified(let parent): "version 2, in \(parent)"
    case .legacy(let parent): "version 1, in \(parent)"
    case .none(let reason): "none: \(reason)"
    }
  }

  func path(of runID: ToolRunID) -> FilePath? { parent?.appending("stepworks-\(runID)") }

  /// Finds out what is possible and makes it so; called once by a worker, before its first run.
  ///
  /// In version 2 a cgroup with processes can't hand controllers to its children, so this process moves into a leaf of
  /// its own (`stepworks-worker`). It does so only if it is alone in its cgroup, and if systemd, where it runs, has
  /// delegated the cgroup (`Delegate=yes`).
  package static func prepare(_ placement: Placement) -> ToolCgroups {
    CgroupFinder(mayChange: true).find(placement)
  }

  /// What ``prepare(_:)`` would find, with nothing changed.
  package static func inspect(_ placement: Placement) -> ToolCgroups {
    CgroupFinder(mayChange: false).find(placement)
  }
}
