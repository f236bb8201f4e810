/// The steps a worker can run, by name.
package struct StepRegistry: Sendable {
  private let steps: [StepName: any Step]

  /// - Precondition: no two steps have the same name.
  package init(_ steps: [any Step]) {
    self.steps = Dictionary(uniqueKeysWithValues: steps.map { ($0.definition.name, $0) })
  }

  package subscript(name: StepName) -> (any Step)? { steps[name] }

  /// In the order of their names.
  package var definitions: [StepDefinition] {
    steps.values.map(\.definition).sorted { $0.name.rawValue < $1.name.rawValue }
  }

  /// Only these steps; names that are not here are left out.
  package func restricted(to names: Set<StepName>) -> StepRegistry {
    StepRegistry(steps.filter { names.contains($0.key) }.map(\.value))
  }
}
