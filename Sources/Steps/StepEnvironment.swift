package import Artifacts
package import Jobs
package import SystemPackage
package import ToolExecution

/// What the steps are built on: given by the composition root.
package struct StepEnvironment: Sendable {
  package var store: ArtifactStore
  package var runner: ToolRunner
  package var reaper: ToolReaper
  /// Tells runs of this database from those of any other on the machine.
  package var databaseID: String
  /// Where relative source paths start: an absolute directory.
  package var sourceDirectory: FilePath
  package var cad: Tool
  /// nil where there is no `stepworks-usd`: its step is not in the catalog then.
  package var usd: Tool?
  /// nil where nothing can be rendered: the render steps are not in the catalog then.
  package var render: RenderEnvironment?
  /// For the runs of `ping` that ask for a process.
  package var pingLimits: ToolLimits
  /// Where `deliver` may write: absolute directories, `{tenant}` in them stands for the job's. The first is where
  /// relative ones start.
  package var deliveryRoots: [FilePath]

  package init(
    store: ArtifactStore, runner: ToolRunner, reaper: ToolReaper, databaseID: String, sourceDirectory: FilePath,
    cad: Tool, usd: Tool? = nil, render: RenderEnvironment? = nil, pingLimits: ToolLimits,
    deliveryRoots: [FilePath] = []
  ) {
    self.store = store
    self.runner = runner
    self.reaper = reaper
    self.databaseID = databaseID
    self.sourceDirectory = sourceDirectory
    self.cad = cad
    self.usd = usd
    self.render = render
    self.pingLimits = pingLimits
    self.deliveryRoots = deliveryRoots
  }
}

/// An outside program as it is installed here.
package struct Tool: Sendable {
  package var name: String
  package var executable: FilePath
  package var limits: ToolLimits
  /// What it says of itself, a JSON object: a part of every derivation key.
  package var version: JSONValue

  package init(name: String, executable: FilePath, limits: ToolLimits, version: JSONValue) {
    self.name = name
    self.executable = executable
    self.limits = limits
    self.version = version
  }
}
