/// What a run may use before it is ended. The defaults of the whole project stand here.
///
/// All but the logs' bounds are enforced by the kernel or by the supervisor, so they hold while the daemon is
/// paused, busy or gone.
package struct ToolLimits: Sendable, Hashable {
  /// Address space of each process in bytes (RLIMIT_AS); nil is unlimited. Allocations beyond it fail, which most
  /// tools report as an error. Programs that reserve huge ranges (Blender, GPU drivers) need nil.
  package var addressSpaceBytes: UInt64?
  /// Memory of all processes of the run together, in bytes, page cache and kernel memory included; nil is unlimited.
  /// The kernel kills the tool when it needs more. Held by a cgroup: where ``ToolRunner/cgroups`` has none, it is not
  /// enforced.
  package var memoryBytes: UInt64?
  /// The processors the run may use, by number, at least one; nil is all. Set before the tool starts, so that a program
  /// that counts its threads by the processors it has obeys.
  package var processors: [Int]?
  /// CPU time of each process in seconds (RLIMIT_CPU), at least 1; nil is unlimited. SIGXCPU at the limit, SIGKILL
  /// five seconds of CPU time later.
  package var cpuSeconds: UInt64?
  /// Largest file the tool may write, in bytes (RLIMIT_FSIZE); nil is unlimited. SIGXFSZ beyond it.
  package var fileSizeBytes: UInt64?
  /// Longest run from start to end; nil is unlimited.
  package var wallClock: Duration?
  /// Longest time without one byte on standard output or standard error; nil is unlimited. A tool that has closed
  /// both counts as silent.
  package var silence: Duration?
  /// Time between SIGTERM and SIGKILL. Not granted when the daemon has died: nobody will use the output.
  package var terminationGrace: Duration
  /// Protocol lines (`{…}`) kept in all, in bytes; more ends the run with ``ToolStopReason/outputLimit``.
  package var messageBytes: UInt64
  /// Longest protocol line, in bytes; a longer one ends the run with ``ToolStopReason/outputLimit``.
  package var messageLineBytes: UInt64
  /// What is kept of all other output, in bytes: at least the last half of it, never more than all of it.
  package var logBytes: UInt64

  package init(
    addressSpaceBytes: UInt64? = nil,
    memoryBytes: UInt64? = nil,
    processors: [Int]? = nil,
    cpuSeconds: UInt64? = nil,
    fileSizeBytes: UInt64? = 64 << 30,
    wallClock: Duration? = .seconds(2 * 60 * 60),
    silence: Duration? = .seconds(30 * 60),
    terminationGrace: Duration = .seconds(10),
    messageBytes: UInt64 = 8 << 20,
    messageLineBytes: UInt64 = 1 << 20,
    logBytes: UInt64 = 8 << 20
  ) {
    self.addressSpaceBytes = addressSpaceBytes
    self.memoryBytes = memoryBytes
    self.processors = processors
    self.cpuSeconds = cpuSeconds
    self.fileSizeBytes = fileSizeBytes
    self.wallClock = wallClock
    self.silence = silence
    self.terminationGrace = terminationGrace
    self.messageBytes = messageBytes
    self.messageLineBytes = messageLineBytes
    self.logBytes = logBytes
  }
}
