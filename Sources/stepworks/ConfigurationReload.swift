import Jobs
import Logging
import Synchronization
import Telemetry
import Workers

/// SIGHUP: reads the configuration again, applies what can change while the worker runs, and names what can't.
///
/// A configuration that is wrong changes nothing.
final class ConfigurationReload: Sendable {
  /// What changes without a restart. The limits of queues are no configuration: they are read at each claim.
  static let live: [SettingKey] = [.logLevel, .workerSlots, .workerDrain]

  /// What holds in this process now, by the name of the key.
  private let current: Mutex<[String: SettingValue]>
  private let read: @Sendable () async throws -> SettingValues
  private let logThreshold: LogThreshold

  /// - Parameters:
  ///   - values: with which the process started.
  ///   - read: reads all layers again.
  init(_ values: SettingValues, logThreshold: LogThreshold, read: @escaping @Sendable () async throws -> SettingValues)
  {
    current = Mutex(values.byName)
    self.logThreshold = logThreshold
    self.read = read
  }

  func run(_ worker: Worker, _ pool: WorkerPool, _ manager: ServiceManager?, _ logger: Logger) async {
    manager?.reloading()
    do {
      let values = try await read()
      let (applied, kept) = adopt(values)
      let settings = Settings(values, in: .current)
      logThreshold.level = Logger.Level(rawValue: settings.log.level) ?? .info
      worker.change(slots: settings.worker.slots, drain: settings.worker.drain)
      pool.lookAgain()
      if applied.isEmpty, kept.isEmpty { logger.info("The configuration was read again; nothing in it has changed.") }
      if !applied.isEmpty {
        logger.info("The configuration was read again; from now on: \(applied.joined(separator: ", ")).")
      }
      if !kept.isEmpty {
        logger.warning(
          "Restart the worker for what else has changed in its configuration: \(kept.joined(separator: ", ")).")
      }
      manager?.reloaded(fault: nil)
    } catch {
      let sentence = CommandFailure(error).description
      logger.error("The configuration was not reloaded, the worker goes on with the old one: \(sentence)")
      manager?.reloaded(fault: sentence)
    }
  }

  /// - Returns: `name = value` of what was taken over, and the names of what needs a restart.
  private func adopt(_ values: SettingValues) -> (applied: [String], kept: [String]) {
    current.withLock { current in
      let changed = Set(current.keys).union(values.byName.keys).sorted().filter {
        current[$0]?.content != values.byName[$0]?.content
      }
      let live = Set(Self.live.map(\.name))
      for name in changed where live.contains(name) { current[name] = values.byName[name] }
      return (
        changed.filter(live.contains).map { "\($0) = \(values.byName[$0]?.text ?? "")" },
        changed.filter { !live.contains($0) }
      )
    }
  }
}
