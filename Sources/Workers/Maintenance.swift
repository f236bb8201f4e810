import AsyncAlgorithms
package import Jobs
import Queueing
import ServiceLifecycle
package import ToolExecution

/// What keeps the queue moving: promotes jobs whose time has come, rescues those of dead workers, sweeps the store.
/// Every worker does it; each act is a fenced transaction, so doing it twice does no harm.
package struct Maintenance: Service {
  /// Removes what dead runs left on the disk, given the function that reads which leases still run.
  package typealias Sweep = @Sendable (_ runningLeases: () async throws -> Set<LeaseToken>) async throws -> Void

  private let worker: Worker
  private let reaper: ToolReaper
  private let sweep: Sweep
  private let prune: @Sendable () async throws -> Void

  /// Between two looks for what is old enough to go.
  private static let pruneInterval = Duration.seconds(60 * 60)

  /// - Parameter prune: removes what was kept long enough; called every hour.
  package init(
    _ worker: Worker, reaper: ToolReaper, sweep: @escaping Sweep,
    prune: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.worker = worker
    self.reaper = reaper
    self.sweep = sweep
    self.prune = prune
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await promoteForEver() }
        group.addTask { await repeating(every: worker.options.rescue, "rescue") { try await rescueOnce() } }
        group.addTask { await repeating(every: Self.pruneInterval, "pruning") { try await prune() } }
        group.addTask {
          await repeating(every: worker.options.sweep, "sweep") {
            try await worker.queue.removeStrayLocks()
            try await sweep { try await worker.queue.runningLeases() }
          }
        }
      }
    }
  }

  /// Wakes when the next job is due, and once a second for those inserted meanwhile.
  private func promoteForEver() async {
    while !Task.isCancelled {
      var pause = Duration.seconds(1)
      do {
        if let next = try await worker.queue.promote() {
          pause = min(pause, max(WallClock.system.now().duration(to: next), .milliseconds(1)))
        }
      } catch is CancellationError {
        return
      } catch {
        worker.observer.observe(.trouble("Scheduled jobs cannot be promoted now, the worker keeps trying: \(error)"))
      }
      do { try await Task.sleep(for: pause) } catch { return }  // the worker stops
    }
  }

  private func repeating(every interval: Duration, _ name: String, _ work: () async throws -> Void) async {
    while !Task.isCancelled {
      do { try await work() } catch  where !(error is CancellationError) {
        worker.observer.observe(.trouble("The \(name) failed, the worker keeps trying: \(error)"))
      } catch { return }
      do { try await Task.sleep(for: interval) } catch { return }  // the worker stops
    }
  }

  /// No job goes back to the queue before every process of its last run is proven gone.
  package func rescueOnce() async throws {
    for dead in try await worker.queue.deadWorkers() {
      do {
        try await rescue(dead)
      } catch  where !(error is CancellationError) {
        // One that cannot be rescued yet must not keep the jobs of the others.
        worker.observer.observe(
          .trouble(
            "The jobs of worker \(dead.id), which died, cannot be taken back yet, the worker keeps trying: \(error)"))
      }
    }
  }

  private func rescue(_ dead: DeadWorker) async throws {
    for runID in dead.runIDs {
      guard let runID = ToolRunID(rawValue: runID) else { continue }
      _ = try await reaper.reap(runID)
    }
    let counts = try await worker.queue.rescue(dead)
    worker.observer.observe(.jobsRescued(counts, from: dead.id))
  }
}
