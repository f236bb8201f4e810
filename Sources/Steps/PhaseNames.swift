import Jobs

/// The phases that steps name. Tools name more, with the same words where they mean the same (docs/adding-a-step.md).
extension PhaseName {
  /// The source is copied into the attempt, and its digest taken.
  static let snapshot: PhaseName = "snapshot"
  /// What an earlier job has made is read again, to be taken over.
  static let reuse: PhaseName = "reuse"
  /// From the order for a tool to its first phase: supervisor, start, loading; for a warm one the wait for a process.
  static let launch: PhaseName = "launch"
  /// What came out is looked at.
  static let check: PhaseName = "check"
  /// Files are flushed and renamed into the store.
  static let publish: PhaseName = "publish"
  /// ffmpeg makes a film of frames.
  static let encode: PhaseName = "encode"
  /// What a delivery will write is decided, and compared with what is there.
  static let plan: PhaseName = "plan"
  /// Files are copied to where they are delivered, and appear there.
  static let place: PhaseName = "place"
  /// A `ping` does what it was told.
  static let work: PhaseName = "work"
}
