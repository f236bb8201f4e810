/// Something that a step tells of its run for it to be counted: bounded words, no names.
package enum RunFact: Sendable, Hashable {
  /// What a render ran on.
  package enum RenderDevice: String, Sendable, Hashable, CaseIterable {
    case gpu, cpu
  }

  /// A tool has rendered. `isFallback`: on something else than was asked for, because that was not to be had.
  case rendered(on: RenderDevice, isFallback: Bool)
  /// This many frames were found whole where an earlier run of the job had left them, and not rendered again.
  case framesResumed(Int)
}
