import ToolExecution

/// The processors and the GPU that one render may use: what nobody else of this machine renders on.
///
/// Two renders on all processors are slower than one after the other: each has a thread per processor, and they spin.
struct RenderShare: Sendable {
  /// nil: all of them.
  let processors: [Int]?
  /// The UUID of the one it is pinned to; nil: whatever the driver shows.
  let gpu: String?
  private let processorLease: ProcessorLease
  private let cardLease: CardLease?

  /// - Parameters:
  ///   - concurrency: how many renders may run at once now.
  init(of render: RenderEnvironment, concurrency: Int, wantsGPU: Bool) {
    processorLease = render.shares.takeProcessors(runs: concurrency)
    cardLease = wantsGPU && !render.gpus.isEmpty ? render.shares.takeCard(of: render.gpus) : nil
    processors = processorLease.processors
    gpu = cardLease?.identifier
  }

  /// Why others may have got the same; nil when nobody has.
  var trouble: String? { processorLease.trouble ?? cardLease?.trouble }

  func release() {
    processorLease.release()
    cardLease?.release()
  }
}
