import Glibc
import SystemPackage
import Telemetry
import ToolExecution

/// The metrics that are read when somebody asks: warm processes, room on the disks, this process.
struct WorkerMetrics: Sendable {
  let registry: MetricsRegistry
  let warm: WarmTools?
  let gpus: Int?
  let database: String
  let data: FilePath

  func update(slots: Int, isDraining: Bool) {
    registry.replace(Metric.workerSlots, Double(slots))
    registry.replace(Metric.workerDraining, isDraining ? 1 : 0)
    if let gpus { registry.replace(Metric.gpus, Double(gpus)) }
    if let statistics = warm?.statistics { show(statistics) }
    let directory = FilePath(database).removingLastComponent()
    let places = [("data", data), ("database", directory.isEmpty ? "." : directory)]
    registry.replace(
      Metric.diskFree, places.compactMap { name, path in Self.freeBytes(at: path).map { ([name], $0) } })
    ProcessMetrics.update(registry)
  }

  private func show(_ statistics: WarmStatistics) {
    registry.replace(
      Metric.warmProcesses,
      [
        (["busy"], Double(statistics.busy)), (["idle"], Double(max(0, statistics.living - statistics.busy))),
      ])
    registry.replace(Metric.warmWaiting, Double(statistics.waiting))
    registry.replace(Metric.warmStarted, Double(statistics.started))
    registry.replace(Metric.warmRequests, Double(statistics.served))
    registry.replace(Metric.warmEnded, WarmEnd.allCases.map { ([$0.rawValue], Double(statistics.ended[$0] ?? 0)) })
  }

  /// What is left to users that are not root.
  private static func freeBytes(at path: FilePath) -> Double? {
    var status = statvfs()
    guard path.withPlatformString({ statvfs($0, &status) }) == 0 else { return nil }
    return Double(status.f_bavail) * Double(status.f_frsize)
  }
}
