import Glibc

extension ToolReport {
  /// Nil when the tool exited with 0 by itself. That alone does not make its output good.
  ///
  /// - Parameter terminated: what a run that was asked to end from outside counts as; only the caller knows whether
  ///   its job was cancelled or its worker drains.
  package func failure(whenTerminated terminated: ToolFailureKind = .interrupted) -> ToolFailure? {
    guard var failure = plainFailure(terminated) else { return nil }
    if let keptLogs { failure.sentence += " Its log is in \(keptLogs)." }
    return failure
  }

  private func plainFailure(_ terminated: ToolFailureKind) -> ToolFailure? {
    if memoryLimitReached, let failure = memoryFailure { return failure }
    if let stopReason { return stopFailure(stopReason, terminated: terminated) }
    switch ending {
    case .exited(0): return nil
    case .exited(let code): return exitFailure(code)
    case .signaled(let signal): return signalFailure(signal)
    }
  }

  /// A tool that lost a process to its limit may crash, fail or hang; that it was asked to end is no consequence of it.
  private var memoryFailure: ToolFailure? {
    switch stopReason {
    case .terminated, .daemonDied: return nil
    case nil where ending == .exited(0): return nil  // it coped
    case nil, .wallClock, .silence, .outputLimit, .outputLost, .inputRefused:
      guard let limit = limits.memoryBytes?.asSize else {
        // A cgroup above its own, such as that of a unit with MemoryMax=, or the machine had no more.
        return failure(
          .outOfMemory, "\(tool) was killed because its worker or the machine had no more memory; it \(memoryUse).")
      }
      return failure(.outOfMemory, "\(tool) was killed because it needed more memory than its limit of \(limit).")
    }
  }

  private func stopFailure(_ reason: ToolStopReason, terminated: ToolFailureKind) -> ToolFailure {
    switch reason {
    case .wallClock:
      failure(.timedOut, "\(tool) was ended because it ran longer than its limit of \(limits.wallClock.spoken).")
    case .silence:
      failure(.stalled, "\(tool) was ended because it wrote nothing for \(limits.silence.spoken).")
    case .outputLimit:
      failure(
        .toolFailed,
        "\(tool) was ended because it wrote a protocol line of more than \(limits.messageLineBytes.asSize), "
          + "or more than \(limits.messageBytes.asSize) of them; large results belong into files.")
    case .outputLost:
      failure(
        isOutOfSpace(stopDetail ?? "") ? .noSpace : .toolFailed,
        "\(tool) was ended because its output could not be kept (\(stopDetail ?? "unknown error")).")
    case .inputRefused:
      failure(.toolFailed, "\(tool) was ended because it did not read its request.")
    case .terminated:
      failure(terminated, "\(tool) was asked to end before it was done.")
    case .daemonDied:
      failure(.workerDied, "\(tool) was killed because the worker that ran it died.")
    }
  }

  /// Exit statuses follow sysexits; the class the tool itself names is more exact than they can be.
  private func exitFailure(_ code: Int32) -> ToolFailure {
    let kind: ToolFailureKind
    switch code {
    case 65: kind = .invalidInput  // EX_DATAERR
    case 66: kind = .missingInput  // EX_NOINPUT
    case 69: kind = .missingTool  // EX_UNAVAILABLE
    case 75: kind = .toolFailed  // EX_TEMPFAIL
    default:
      if isOutOfSpace(logTail) {
        kind = .noSpace
      } else if showsFailedAllocation {
        kind = .outOfMemory
      } else {
        kind = .toolFailed
      }
    }
    let sentence = reportedError?.message ?? "\(tool) exited with status \(code)\(lastWords)."
    var failure = failure(namedKind ?? kind, sentence)
    failure.asksForLater = code == 75
    return failure
  }

  private func signalFailure(_ signal: Int32) -> ToolFailure {
    let name = signal.signalName
    switch signal {
    case SIGXCPU:
      return failure(.timedOut, "\(tool) used more CPU time than its limit of \(limits.cpuSeconds ?? 0) s.")
    case SIGKILL where usedUpCPU:
      return failure(.timedOut, "\(tool) used more CPU time than its limit of \(limits.cpuSeconds ?? 0) s.")
    case SIGXFSZ:
      return failure(.noSpace, "\(tool) wrote a file larger than its limit of \((limits.fileSizeBytes ?? 0).asSize).")
    case SIGKILL where outOfMemoryKillSeen:
      return failure(.outOfMemory, "\(tool) was killed by the kernel because memory ran out; it \(memoryUse).")
    case _ where showsFailedAllocation || isNearAddressSpaceLimit:
      return failure(.outOfMemory, "\(tool) died of \(name) because it got no more memory; it \(memoryUse).")
    case SIGBUS where isOutOfSpace(logTail):
      return failure(.noSpace, "\(tool) died of \(name) because no space was left for its files.")
    default:
      return failure(.toolCrashed, "\(tool) died of \(name)\(lastWords).")
    }
  }

  private func failure(_ kind: ToolFailureKind, _ sentence: String) -> ToolFailure {
    var failure = ToolFailure(kind: kind, sentence: sentence, logTail: logTail)
    switch ending {
    case .exited(let code): failure.exit = code
    case .signaled(let signal): failure.signal = signal
    }
    return failure
  }

  /// A tool may name what it knows; that its worker died or drained it can't know.
  private var namedKind: ToolFailureKind? {
    switch reportedError?.errorClass.flatMap(ToolFailureKind.init(rawValue:)) {
    case .interrupted, .cancelled, .workerDied, nil: nil
    case let kind?: kind
    }
  }

  private var usedUpCPU: Bool {
    guard let limit = limits.cpuSeconds else { return false }
    return userCPU + systemCPU >= .seconds(limit)
  }

  /// Code, libraries and reserves count too, so a program never gets all of its limit resident.
  private var isNearAddressSpaceLimit: Bool {
    guard let limit = limits.addressSpaceBytes else { return false }
    return peakResidentBytes >= limit / 10 * 8
  }

  private var showsFailedAllocation: Bool {
    ["std::bad_alloc", "MemoryError", "Cannot allocate memory", "ut of memory"].contains { logTail.contains($0) }
  }

  private var memoryUse: String {
    let limit = limits.addressSpaceBytes.map { " of the \($0.asSize) it may have" } ?? ""
    return "used \(peakResidentBytes.asSize)\(limit)"
  }

  private var lastWords: String {
    let line = logTail.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
    return line.map { "; its last line was: \($0.prefix(200))" } ?? " without a word"
  }
}

func isOutOfSpace(_ text: String) -> Bool {
  ["No space left on device", "Disk quota exceeded"].contains { text.contains($0) }
}

extension Duration? {
  fileprivate var spoken: String {
    guard let self else { return "unlimited time" }
    return self >= .seconds(1) ? "\(self.components.seconds) s" : "\(self.wholeMilliseconds) ms"
  }
}

extension UInt64 {
  fileprivate var asSize: String {
    if self >= 1 << 30, self % (1 << 30) == 0 { return "\(self >> 30) GiB" }
    return self >= 1 << 20 ? "\(self >> 20) MiB" : "\(self) bytes"
  }
}

extension Int32 {
  /// `SIGSEGV` for 11.
  fileprivate var signalName: String {
    let names: [Int32: String] = [
      SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
      SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV",
      SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGSYS: "SIGSYS",
    ]
    return names[self] ?? "signal \(self)"
  }
}
