import Glibc
import Hummingbird
import HummingbirdCore
package import Jobs
package import Logging
import NIOCore
package import Queueing
import ServiceLifecycle
package import Telemetry

/// The worker's window: `GET /healthz` for a supervisor, `GET /metrics` for Prometheus, in the format that it asks for.
///
/// It shows what runs and takes no orders, so it needs no login; by default it listens on loopback only.
package struct StatusServer: Service {
  /// Where it listens.
  package struct Address: Sendable, Hashable, CustomStringConvertible {
    package var host: String
    /// 0: any port that is free.
    package var port: Int

    package init(host: String, port: Int) {
      self.host = host
      self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  }

  /// How many connections are served at once; further ones wait for one of them to be closed. Files and memory that
  /// clients could take belong to the jobs.
  package static let mostConnections = 64

  private let address: Address
  private let longestSilence: Duration
  private let gauges: QueueGauges
  private let registry: MetricsRegistry
  private let health: @Sendable () async -> HealthReport
  private let refresh: @Sendable () async -> Void
  private let onListening: @Sendable (Address) async -> Void
  private let logger: Logger

  /// - Parameters:
  ///   - longestSilence: a connection on which nothing moves for longer is closed: more than any usual scrape interval.
  ///   - health: asked at each `/healthz`; must answer within a second or so.
  ///   - refresh: called before each `/metrics`: sets what the registry is not told of by itself.
  ///   - onListening: called once, when connections are accepted, with the port that was really taken.
  package init(
    address: Address, queue: JobQueue, registry: MetricsRegistry, clock: WallClock = .system, logger: Logger,
    longestSilence: Duration = .seconds(90),
    health: @escaping @Sendable () async -> HealthReport, refresh: @escaping @Sendable () async -> Void = {},
    onListening: @escaping @Sendable (Address) async -> Void = { _ in }
  ) {
    self.address = address
    self.longestSilence = longestSilence
    self.registry = registry
    self.gauges = QueueGauges(queue: queue, registry: registry, clock: clock)
    self.health = health
    self.refresh = refresh
    self.onListening = onListening
    self.logger = logger
  }

  /// Serves until a graceful shutdown.
  /// - Throws: ``StatusServerError`` when the address can't be had.
  package func run() async throws {
    // Its "Server started" and "Server shutting down" say nothing that the worker's own lines do not.
    var quiet = logger
    quiet.logLevel = max(.error, logger.logLevel)
    do { try await gauges.begin() } catch { logger.warning("The count of duplicates begins late: \(error)") }
    let (host, port) = (address.host, address.port)
    let application = Application(
      router: router(),
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [
            IdleStateHandler(allTimeout: TimeAmount(longestSilence)), SilentConnectionHandler(),
          ])),
      configuration: ApplicationConfiguration(
        address: .hostname(host, port: port), serverName: nil,
        availableConnectionsDelegate: MaximumAvailableConnections(Self.mostConnections, logger: quiet)),
      onServerRunning: { [onListening] channel in
        await onListening(Address(host: host, port: channel.localAddress?.port ?? port))
      }, logger: quiet)
    do {
      try await application.run()
    } catch let error as IOError {
      throw StatusServerError(address: address, reason: String(cString: strerror(error.errnoCode)))
    } catch let error as SocketAddressError {
      throw StatusServerError(address: address, reason: "no such host (\(error))")
    }
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    router.get("/healthz") { [health] _, _ -> Response in
      let report = await health()
      return Self.response(
        report.isHealthy ? .ok : .serviceUnavailable, "application/json", report.json.text + "\n")
    }
    router.get("/metrics") { [gauges, registry, logger, refresh] request, _ -> Response in
      do {
        try await gauges.update()
      } catch {
        gauges.forget()
        // The worker's own counters are worth having all the more when the database is in trouble.
        logger.warning("The gauges of the queues cannot be read: \(error)")
      }
      await refresh()
      let format = ExpositionFormat(accept: request.headers[values: .accept])
      var response = Self.response(.ok, format.contentType, registry.exposition(format))
      response.headers[.vary] = "Accept"
      return response
    }
    return router
  }

  private static func response(_ status: HTTPResponse.Status, _ contentType: String, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

/// Closes a connection of which ``IdleStateHandler`` says that nothing is read or written on it: of a client that has
/// gone, asks for nothing, or does not read its answer. Hummingbird's own limit leaves the last kind alone.
private final class SilentConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
    context.close(promise: nil)
  }
}

/// The status server can't listen.
package struct StatusServerError: Error, Sendable, Hashable, CustomStringConvertible {
  package let address: StatusServer.Address
  package let reason: String

  package var description: String {
    """
    The status server cannot listen on \(address): \(reason); choose another status.host or status.port \
    (STEPWORKS_STATUS_PORT), 0 for any free port, off for none.
    """
  }
}
