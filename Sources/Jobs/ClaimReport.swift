/// One claim that took jobs.
package struct ClaimReport: Sendable, Hashable {
  package var jobs: Int
  /// The claim's transaction, the wait for its turn included.
  package var took: Duration
  /// Since the worker noticed the commit that made it look; `nil` when it looked for another reason.
  package var sinceNotice: Duration?

  package init(jobs: Int, took: Duration, sinceNotice: Duration?) {
    self.jobs = jobs
    self.took = took
    self.sinceNotice = sinceNotice
  }
}
