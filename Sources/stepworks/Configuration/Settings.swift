package import Jobs
package import Queueing
package import SystemPackage
package import ToolExecution

/// The configuration as this process uses it: every value checked, every path absolute, nothing left to guess.
///
/// ``SettingKey/all`` says what each one means. See ``SettingsLoader`` for where the values come from.
package struct Settings: Sendable, Hashable {
  package struct Database: Sendable, Hashable {
    package var path: String
    package var durability: DatabaseOptions.Durability
  }

  package struct Worker: Sendable, Hashable {
    /// `nil`: every queue.
    package var queues: [QueueName]?
    /// `nil`: every step.
    package var steps: Set<StepName>?
    package var slots: Int
    package var heartbeat: Duration
    package var rescue: Duration
    package var sweep: Duration
    package var drain: Duration
  }

  package struct Status: Sendable, Hashable {
    package var host: String
    /// 0: any free port; `nil`: no status server.
    package var port: Int?
  }

  package struct Log: Sendable, Hashable {
    /// A level of swift-log, by its name.
    package var level: String
    /// `nil`: as ``LogFormat/automatic`` finds.
    package var format: String?
  }

  package struct Tools: Sendable, Hashable {
    package var supervisor: FilePath
    package var cad: FilePath
    package var grace: Duration
    package var cadWall: Duration
    package var cadProcessorTime: Duration
    package var cadSilence: Duration
    package var cadMemoryBytes: Int64
    package var fileSizeBytes: Int64
    /// `nil`: switched off.
    package var usd: ToolPlace?
    /// `nil`: switched off.
    package var render: ToolPlace?
    package var ffmpeg: ToolPlace
    package var ffprobe: ToolPlace
    package var renderWall: Duration
    package var renderSilence: Duration
    /// `nil`: no limit.
    package var renderMemoryBytes: Int64?
    package var cgroup: ToolCgroups.Placement
  }

  /// Where a program is that does not come with stepworks.
  package enum ToolPlace: Sendable, Hashable {
    case at(FilePath)
    /// The places where it was looked for in vain.
    case notFound(name: String)
  }

  package struct Render: Sendable, Hashable {
    /// `gpu`, `cpu` or `auto`.
    package var cyclesDevice: String
    /// `warn` or `fail`.
    package var cpuFallback: String
    /// `nil`: all that answer.
    package var gpus: [String]?
    package var failedMaterial: String
    /// `nil`: the project's own.
    package var materialLibrary: FilePath?
    /// Whether processes wait for thumbnails.
    package var isWarm: Bool
    package var warmIdle: Duration
    package var warmJobs: Int
    package var warmAge: Duration
  }

  package var database: Database
  package var dataDirectory: FilePath
  /// Absolute; `{tenant}` may stand in them.
  package var deliveryRoots: [FilePath]
  package var worker: Worker
  package var status: Status
  package var log: Log
  package var tools: Tools
  package var render: Render
  /// Starting limits of queues, for ``JobQueue/ensureQueues(_:)``.
  package var queues: [QueueName: Int]
}

/// A configuration that can't be used: one sentence that names the key, where it was found, and what is allowed.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
