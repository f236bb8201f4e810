import AsyncAlgorithms
import Jobs
import Queueing
import ServiceLifecycle
import Synchronization

/// Claims jobs and runs each in a task of its own: claim → run → settle.
///
/// It waits for one of: a commit to the database (a new job, a cancellation, a changed limit), a free slot, the sweep
/// timer, a drain. Whatever woke it, it looks at everything: a missed or spurious wake-up costs time, never a job.
package struct WorkerPool: Service {
  private let worker: Worker
  private let runner: JobRunner
  private let bell = Doorbell()
  private let phase = Phase()

  package init(_ worker: Worker) {
    self.worker = worker
    self.runner = JobRunner(worker: worker)
  }

  /// Hands back what still runs without waiting for the drain deadline: the operator's second signal.
  package func hurry() {
    phase.hurry()
    bell.ring()
  }

  /// Claims for slots that were added.
  package func lookAgain() { bell.ring() }

  package var isDraining: Bool { phase.isDraining }

  package func run() async throws {
    let watcher = try CommitWatcher(worker.queue)
    defer { watcher.stop() }
    let timer = AsyncTimerSequence(interval: worker.options.sweep, clock: .continuous).map { _ in }
    bell.ring()
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        for await _ in merge(bell.rings, watcher.wakeUps, timer) {
          let notice = watcher.takeNotice()
          await stopCancelledJobs()
          if phase.isDraining {
            if await drain(in: &group) { break }
          } else {
            await claimWhileSlotsAreFree(in: &group, since: notice)
          }
          worker.liveness.claimLoopTurned()
        }
        group.cancelAll()  // the deadline timer; no job runs any more
      }
    } onGracefulShutdown: {
      phase.startDraining()
      bell.ring()
    }
  }

  /// - Parameter notice: when a commit was noticed that nobody has looked for yet.
  private func claimWhileSlotsAreFree(
    in group: inout DiscardingTaskGroup, since notice: ContinuousClock.Instant?
  ) async {
    var notice = notice
    var free = worker.options.slots - worker.running.count
    do {
      guard free > 0 else { return }
      let hasClaimable = try await worker.queue.hasClaimable(worker.scope)
      worker.liveness.queueWasRead()
      guard hasClaimable else { return }
      while free > 0, !phase.isDraining {
        let asked = ContinuousClock.now
        let claimed = try await worker.queue.claim(worker.scope, limit: free)
        if !claimed.isEmpty {
          let now = ContinuousClock.now
          worker.observer.observe(
            .claimed(ClaimReport(jobs: claimed.count, took: now - asked, sinceNotice: notice.map { now - $0 })))
          notice = nil  // what further claims take waited for those before
        }
        for job in claimed { start(job, in: &group) }
        // Fewer than asked for: there is no more, or the queues are full.
        if claimed.count < free { break }
        free = worker.options.slots - worker.running.count
      }
    } catch  where !(error is CancellationError) {
      worker.observer.observe(.trouble("Jobs cannot be claimed now, the worker keeps trying: \(error)"))
    } catch {}  // the worker ends
    worker.observer.observe(.slots(worker.running.countByQueue))
  }

  private func start(_ claimed: ClaimedJob, in group: inout DiscardingTaskGroup) {
    let control = worker.running.add(claimed.job)
    group.addTask {
      await runner.run(claimed, control)
      worker.running.remove(claimed.job.token)
      bell.ring()
    }
  }

  private func stopCancelledJobs() async {
    guard worker.running.count > 0 else { return }
    do {
      for token in try await worker.queue.cancelRequests(for: worker.id) {
        guard let control = worker.running[token], control.stop(.cancelRequested) else { continue }
        worker.observer.observe(.jobStopping(control.job, reason: StopReason.cancelRequested.rawValue))
      }
    } catch  where !(error is CancellationError) {
      worker.observer.observe(.trouble("Cancellations cannot be read now, the worker keeps trying: \(error)"))
    } catch {}  // the worker ends
  }

  /// - Returns: whether nothing runs any more.
  private func drain(in group: inout DiscardingTaskGroup) async -> Bool {
    if phase.announceDrain() {
      worker.observer.observe(
        .worker("draining", ["running": "\(worker.running.count)", "seconds": "\(worker.options.drain.seconds)"]))
      // A courtesy to operators: the drain does not wait for the lock of a database that somebody else writes.
      group.addTask {
        do { try await worker.queue.markDraining(worker.id) } catch {
          worker.observer.observe(.trouble("The drain could not be recorded: \(error)"))
        }
      }
      group.addTask {
        // Cancelled when the last job ends before the deadline.
        guard (try? await Task.sleep(for: worker.options.drain)) != nil else { return }
        hurry()
      }
    }
    if phase.isHurried {
      for control in worker.running.all where control.stop(.drained) {
        worker.observer.observe(.jobStopping(control.job, reason: StopReason.drained.rawValue))
      }
    }
    return worker.running.count == 0
  }

  /// How far the end of the pool has come.
  private final class Phase: Sendable {
    private struct State {
      var isDraining = false
      var isAnnounced = false
      var isHurried = false
    }

    private let state = Mutex(State())

    var isDraining: Bool { state.withLock { $0.isDraining } }
    var isHurried: Bool { state.withLock { $0.isHurried } }
    func startDraining() { state.withLock { $0.isDraining = true } }
    func hurry() { state.withLock { $0.isHurried = true } }

    /// `true` once.
    func announceDrain() -> Bool {
      state.withLock { state in
        defer { state.isAnnounced = true }
        return !state.isAnnounced
      }
    }
  }
}
