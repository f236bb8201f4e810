import Jobs

extension ToolOutputs {
  /// What is counted of a run of `stepworks-render`: what it rendered on, and the frames that it found finished.
  var renderFacts: [RunFact] {
    var facts: [RunFact] = []
    if let device = summary["device"],
      let used = device["used"]?.stringValue.flatMap(RunFact.RenderDevice.init(rawValue:))
    {
      facts.append(.rendered(on: used, isFallback: device["fallback_reason"]?.stringValue != nil))
    }
    if let frames = summary["frames_reused"]?.integerValue, frames > 0 { facts.append(.framesResumed(Int(frames))) }
    return facts
  }
}
