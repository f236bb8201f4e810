import Foundation
import Glibc
import Jobs
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A real Prometheus on a free port, that scrapes what it is told and keeps nothing.
final class Prometheus {
  /// What scripts/setup --test has put beside the sources.
  static let server = source(".prometheus/usr/bin/prometheus")
  static let promtool = source(".prometheus/usr/bin/promtool")

  static func source(_ path: String) -> URL {
    // Not with `..`: to take that out, Foundation follows links, and .venv/bin/python must stay what it is.
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent(path)
  }

  static func promtool(_ arguments: String...) throws -> CommandResult { try Command.run(promtool, arguments) }

  let address: String
  private let process = Process()

  /// Returns once it answers.
  /// - Parameters:
  ///   - directory: where its files are.
  ///   - targets: `host:port` of the workers.
  init(in directory: String, scraping targets: [String]) throws {
    let configuration = directory + "/prometheus.yml"
    try """
    global:
      scrape_interval: 1s
      evaluation_interval: 1s
    rule_files:
      - \(Self.source("config/prometheus/stepworks.rules.yml").path)
    scrape_configs:
      - job_name: stepworks
        static_configs:
          - targets: [\(targets.joined(separator: ", "))]
    """.write(toFile: configuration, atomically: true, encoding: .utf8)
    process.executableURL = Self.server
    process.arguments = [
      "--config.file=\(configuration)", "--storage.tsdb.path=\(directory)/prometheus",
      "--web.listen-address=127.0.0.1:0", "--log.format=logfmt",
    ]
    let log = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = log
    try process.run()
    var text = ""
    var found: String?
    while found == nil || !text.contains("Server is ready") {
      let data = log.fileHandleForReading.availableData
      try #require(!data.isEmpty, "Prometheus ended before it listened: \(text)")
      text += String(decoding: data, as: UTF8.self)
      found = text.firstMatch(of: /msg="Listening on" address=(\S+)/).map { String($0.1) }
    }
    address = try #require(found)
    // What it says from now on is nobody's business, but must not fill the pipe.
    log.fileHandleForReading.readabilityHandler = { if $0.availableData.isEmpty { $0.readabilityHandler = nil } }
  }

  deinit {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// `data` of an answer of its API.
  /// - Throws: an error with its sentence, for a query that it refuses.
  func get(_ path: String, _ parameters: [String: String] = [:]) async throws -> JSONValue {
    var components = try #require(URLComponents(string: "http://\(address)/api/v1/\(path)"))
    components.queryItems = parameters.map { URLQueryItem(name: $0.key, value: $0.value) }
    // A plus is a blank in a query.
    components.percentEncodedQuery = components.percentEncodedQuery?.replacingOccurrences(of: "+", with: "%2B")
    let (data, _) = try await URLSession.shared.data(from: try #require(components.url))
    let answer = try JSONValue(parsing: String(decoding: data, as: UTF8.self))
    guard answer["status"] == .string("success") else {
      throw PrometheusError(description: answer["error"]?.stringValue ?? answer.text)
    }
    return try #require(answer["data"])
  }

  /// What an expression gives now: the labels and the value of each series.
  func query(_ expression: String) async throws -> [(labels: JSONValue, value: Double)] {
    let result = try await get("query", ["query": expression])
    if result["resultType"] == .string("scalar") { return [] }
    return try #require(result["result"]?.arrayValue).map { series in
      (series["metric"] ?? .null, Double(series["value"]?.arrayValue?.last?.stringValue ?? "") ?? .nan)
    }
  }

  /// Waits until it has scraped something of which the expression is one series.
  func waitForValue(of expression: String) async throws -> Double {
    while true {
      if let value = try await query(expression).first?.value { return value }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Waits until it has scraped what makes the expression one series of this value. Prometheus tells of nothing by
  /// itself; the suite's time limit ends a wait for what never comes.
  func wait(for expression: String, _ value: Double) async throws {
    while try await query(expression).map(\.value) != [value] { try await Task.sleep(for: .milliseconds(200)) }
  }
}

struct PrometheusError: Error, CustomStringConvertible {
  let description: String
}
