/// One write transaction that was committed.
package struct CommitReport: Sendable, Hashable {
  /// From asking for the lock of the database to having it: what other processes made it wait.
  package let lockWait: Duration
  /// From there to the end of the commit.
  package let held: Duration
  /// How many writes shared it.
  package let writes: Int
}
