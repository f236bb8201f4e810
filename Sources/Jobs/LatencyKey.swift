/// What a distribution of durations is of.
package struct LatencyKey: Sendable, Hashable {
  package let step: StepName
  package let phase: PhaseName
  package let outcome: RunOutcome

  package init(_ step: StepName, _ phase: PhaseName, _ outcome: RunOutcome) {
    self.step = step
    self.phase = phase
    self.outcome = outcome
  }
}
