import Artifacts
import Jobs
import SystemPackage

extension StepEnvironment {
  /// Runs `body` with the private directory of this run, and removes the directory whatever comes of it.
  func withAttempt(_ context: StepContext, _ body: (Attempt) async throws -> StepResult) async throws -> StepResult {
    await context.phase(.snapshot)
    let attempt: Attempt
    do {
      attempt = try await BlockingIO.run { [store] in try store.openAttempt(context.job.token) }
    } catch let error as StoreError {
      throw error.asStepError
    }
    let result = await Result { try await body(attempt) }
    // Not worth an error: what is left is swept.
    try? await BlockingIO.run { try attempt.discard() }
    return try result.get()
  }
}

extension InputSnapshot {
  /// The source's own name, as far as a tool takes it for its outputs: at most 100 bytes, no control characters, no
  /// leading dot, `part` when nothing is left.
  var outputName: String {
    var name = ""
    for character in source.stem ?? ""
    where !character.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      if name.isEmpty, character == "." { continue }
      guard name.utf8.count + character.utf8.count <= 100 else { break }
      name.append(character)
    }
    return name.isEmpty ? "part" : name
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
