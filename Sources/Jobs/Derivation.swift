/// What a run that is about to make something learns of it, by its derivation key.
package enum DerivationClaim: Sendable, Hashable {
  /// Nobody has made it and nobody makes it. From now on this run does: others wait for it until it ends.
  case make
  /// It has been made.
  case made(EarlierResult)
  /// Another job makes it now.
  case inProgress(JobID)
}

/// What a completed job has left: its result and all of its artifacts. Whether the files are still what they were is for
/// the reader to find out.
package struct EarlierResult: Sendable, Hashable {
  package var jobID: JobID
  package var result: JSONValue
  package var artifacts: [Artifact]

  package init(jobID: JobID, result: JSONValue, artifacts: [Artifact]) {
    self.jobID = jobID
    self.result = result
    self.artifacts = artifacts
  }
}

/// Thrown out of a step whose work another job does at this moment; costs no attempt.
///
/// The job is `blocked`, holds no slot, and runs again as soon as the other one has stopped running, whatever came of it.
package struct DerivationWait: Error, Sendable, Hashable {
  package var key: String
  package var maker: JobID

  package init(key: String, maker: JobID) {
    self.key = key
    self.maker = maker
  }
}
