package import Jobs
package import SystemPackage
package import ToolExecution

/// What the render steps are built on besides ``StepEnvironment``.
package struct RenderEnvironment: Sendable {
  /// How Cycles chooses its device.
  package enum Device: String, Sendable { case gpu, cpu, auto }
  /// What happens when a GPU was asked for and none answers.
  package enum Fallback: String, Sendable { case warn, fail }

  /// The programs that make films of frames.
  package struct Encoder: Sendable {
    package var ffmpeg: Tool
    package var ffprobe: Tool

    package init(ffmpeg: Tool, ffprobe: Tool) {
      self.ffmpeg = ffmpeg
      self.ffprobe = ffprobe
    }
  }

  /// `stepworks-render`.
  package var tool: Tool
  /// nil: not installed; turntables are not served then.
  package var encoder: Encoder?
  package var device: Device
  package var cpuFallback: Fallback
  /// What Cycles' GPU is driven by, such as `OPTIX`; nil: there is none.
  package var gpuBackend: String?
  /// The material of parts that no rule finds one for.
  package var failedMaterial: String
  /// A .blend with materials; nil: the project's own.
  package var library: FilePath?
  /// Kept over runs: compiled GPU kernels.
  package var cacheDirectory: FilePath
  /// The identifiers of the GPUs that runs may be pinned to; empty: whatever the driver shows.
  package var gpus: [String]
  /// Shared by all workers of the machine.
  package var shares: MachineShares
  /// For thumbnails; nil: each starts a process of its own.
  package var warm: WarmTools?
  /// How many jobs of the queue may run at once now.
  package var concurrency: @Sendable (QueueName) async -> Int

  package init(
    tool: Tool, encoder: Encoder?, device: Device, cpuFallback: Fallback, gpuBackend: String?,
    failedMaterial: String,
    library: FilePath?, cacheDirectory: FilePath, gpus: [String], shares: MachineShares,
    warm: WarmTools?, concurrency: @escaping @Sendable (QueueName) async -> Int
  ) {
    self.tool = tool
    self.encoder = encoder
    self.device = device
    self.cpuFallback = cpuFallback
    self.gpuBackend = gpuBackend
    self.failedMaterial = failedMaterial
    self.library = library
    self.cacheDirectory = cacheDirectory
    self.gpus = gpus
    self.shares = shares
    self.warm = warm
    self.concurrency = concurrency
  }
}
