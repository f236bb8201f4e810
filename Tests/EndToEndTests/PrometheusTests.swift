import Foundation
import Glibc
import Jobs
import Telemetry
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Workers as a real Prometheus sees them.
@Suite(.timeLimit(.minutes(3)))
struct PrometheusTests {
  @Test func `What a scraper knows of a worker is what the worker has done`() async throws {
    let installation = try Installation()
    try await installation.startScrapedWorker()
    let prometheus = try Prometheus(
      in: installation.directory, scraping: [try await installation.statusAddress()])
    let bearing = try await installation.doVariousWork()
    for id in 0..<3 {
      _ = try await installation.waitForEnd(of: try installation.insert("ping", .object(["message": .string("\(id)")])))
    }

    try await prometheus.wait(for: #"stepworks_jobs_settled_total{outcome="done",step="ping"}"#, 3)
    try await prometheus.wait(for: #"up{job="stepworks"}"#, 1)
    try await prometheus.wait(for: #"sum(stepworks_jobs_settled_total{outcome="failed",class="missing_input"})"#, 1)
    try await prometheus.wait(for: #"stepworks_jobs_settled_total{outcome="cached",step="export_glb"}"#, 1)
    try await prometheus.wait(for: #"stepworks_queue_duplicates_total{queue="cad"}"#, 2)
    let bytes = try #require(Double(try installation.sql("SELECT sum(bytes) FROM artifacts WHERE job_id = \(bearing)")))
    try await prometheus.wait(for: #"sum(stepworks_artifact_bytes_total{step="export_glb"})"#, bytes)
    try await prometheus.wait(for: #"sum(stepworks_queue_jobs)"#, 0)
    try await prometheus.wait(for: #"stepworks_workers{state="running"}"#, 1)
    try await prometheus.wait(for: #"sum(stepworks_running_jobs)"#, 0)
    try await prometheus.wait(for: #"stepworks_tool_runs_total{tool="stepworks-cad",ending="done"}"#, 1)
    // Prometheus keeps values as they come; quantiles of buckets are between the bounds.
    let median = #"histogram_quantile(0.5, stepworks_job_run_seconds_bucket{step="export_glb",outcome="done"})"#
    let run = try #require(try await prometheus.query(median).first)
    #expect(run.value > 0)
    let quantiles = try await prometheus.query(#"stepworks_job_run_quantile_seconds{step="ping",outcome="done"}"#)
    #expect(quantiles.count == 5)
    #expect(try await prometheus.query("stepworks_wakeup_seconds_count > 0").count == 1)
    #expect(try await prometheus.query("stepworks_write_lock_wait_seconds_count > 0").count == 1)
    #expect(try await prometheus.query("process_resident_memory_bytes > 1e6").count == 1)
    // Units stand in OpenMetrics only: it is what Prometheus asked for and got.
    let metadata = try await prometheus.get("targets/metadata", ["metric": "stepworks_tool_cpu_seconds"])
    #expect(metadata.arrayValue?.first?["unit"] == .string("seconds"))
    #expect(metadata.arrayValue?.first?["type"] == .string("counter"))
  }

  @Test func `A tool that crashes, a job that is tried again, and one that is put off are told apart`() async throws {
    let installation = try Installation()
    try await installation.startScrapedWorker()
    let prometheus = try Prometheus(
      in: installation.directory, scraping: [try await installation.statusAddress()])
    // From 0 on, so that a first crash is an increase.
    try await prometheus.wait(for: #"stepworks_tool_runs_total{tool="stepworks-cad",ending="crashed"}"#, 0)
    let crash = try installation.insert(
      "ping", .object(["crash_signal": .string("SEGV")]), columns: ["max_crashes": "2"])
    let failure = try installation.insert(
      "ping", .object(["fail": .string("timed_out")]), columns: ["max_attempts": "2"])
    let later = try installation.insert("ping", .object(["fail": .string("no_space")]))
    #expect(try await installation.waitForEnd(of: crash).error?.failureClass == .toolCrashed)
    #expect(try await installation.waitForEnd(of: failure).error?.failureClass == .timedOut)
    try await installation.waitForEvent(of: later, .snoozed)
    for (outcome, failureClass) in [
      ("retry_scheduled", "tool_crashed"), ("failed", "tool_crashed"), ("retry_scheduled", "timed_out"),
      ("failed", "timed_out"), ("snoozed", "none"),
    ] {
      try await prometheus.wait(
        for: "stepworks_jobs_settled_total{step=\"ping\",outcome=\"\(outcome)\",class=\"\(failureClass)\"}", 1)
    }
    try await prometheus.wait(for: #"stepworks_tool_runs_total{tool="ping",ending="crashed"}"#, 2)
    try await prometheus.wait(for: #"stepworks_queue_jobs{queue="default",state="scheduled"}"#, 1)
  }

  @Test func `Before its first job a worker shows 0 for whatever an alert waits for`() async throws {
    let installation = try Installation()
    try await installation.startScrapedWorker()
    let lines = Set(try await installation.metrics().split(separator: "\n").map(String.init))
    for (outcome, failureClass) in [
      ("failed", "invalid_input"), ("failed", "tool_crashed"), ("retry_scheduled", "tool_crashed"),
      ("failed", "out_of_memory"), ("snoozed", "none"), ("cancelled", "none"),
    ] {
      for step in ["export_glb", "ping"] {
        let labels = "class=\"\(failureClass)\",outcome=\"\(outcome)\",step=\"\(step)\""
        #expect(lines.contains("stepworks_jobs_settled_total{\(labels)} 0"))
      }
    }
    for tool in ["stepworks-cad", "ping"] {
      #expect(lines.contains("stepworks_tool_runs_total{ending=\"crashed\",tool=\"\(tool)\"} 0"))
    }
  }

  @Test func `While another process keeps the database locked, health says for how long`() async throws {
    let installation = try Installation()
    try await installation.startScrapedWorker()
    let (holder, input) = (Process(), Pipe())
    holder.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    holder.arguments = [installation.database]
    holder.standardInput = input
    try holder.run()
    try input.fileHandleForWriting.write(contentsOf: Data(".timeout 60000\nBEGIN IMMEDIATE;\n".utf8))
    while try await installation.writeLockWaiting() == 0 {}
    try input.fileHandleForWriting.close()
    holder.waitUntilExit()
    while try await installation.writeLockWaiting() > 0 {}
  }

  @Test func `A worker that drains says so until its last job has ended`() async throws {
    let installation = try Installation()
    let worker = try await installation.startScrapedWorker(environment: ["STEPWORKS_WORKER_SLOTS": "3"])
    let prometheus = try Prometheus(
      in: installation.directory, scraping: [try await installation.statusAddress()])
    let job = try installation.insert("ping", .object(["sleep_seconds": .integer(600)]))
    try await installation.waitForEvent(of: job, .started)
    try await prometheus.wait(for: "stepworks_worker_slots", 3)
    try await prometheus.wait(for: "stepworks_worker_draining", 0)
    try await prometheus.wait(for: #"stepworks_queue_slots_used{queue="default"}"#, 1)
    worker.send(SIGTERM)
    try await prometheus.wait(for: "stepworks_worker_draining", 1)
    try await prometheus.wait(for: #"stepworks_workers{state="draining"}"#, 1)
    try await prometheus.wait(for: #"stepworks_running_jobs{queue="default"}"#, 1)
    worker.send(SIGTERM)
    #expect(worker.wait() == 0)
  }

  @Test func `A thumbnail on a machine without a GPU counts as a fallback, and the process that made it waits`()
    async throws
  {
    let installation = try Installation()
    try await installation.startScrapedWorker(environment: ["STEPWORKS_TOOLS_RENDER": Products.renderTool])
    let prometheus = try Prometheus(
      in: installation.directory, scraping: [try await installation.statusAddress()])
    let gpus = try await prometheus.waitForValue(of: "stepworks_gpus")
    try await prometheus.wait(for: #"stepworks_renders_total{device="cpu",fallback="true"}"#, 0)
    let thumbnail = try installation.insert(
      "render_thumbnail",
      .object([
        "source": .string(try installation.makeBearing()), "width": .integer(64), "height": .integer(64),
        "samples": .integer(2), "preset": .string("preview"),
      ]))
    let job = try await installation.waitForEnd(of: thumbnail)
    #expect(job.state == .completed, "\(job.error?.message ?? "")")
    let device = try #require(job.result?["summary"]?["device"]?["used"]?.stringValue)
    #expect((device == "gpu") == (gpus > 0))
    try await prometheus.wait(
      for: "stepworks_renders_total{device=\"\(device)\",fallback=\"\(device == "cpu")\"}", 1)
    try await prometheus.wait(for: "stepworks_warm_processes_started_total", 1)
    try await prometheus.wait(for: "stepworks_warm_requests_total", 1)
    try await prometheus.wait(for: #"stepworks_warm_processes{state="idle"}"#, 1)
    try await prometheus.wait(for: #"stepworks_warm_processes{state="busy"}"#, 0)
    try await prometheus.wait(for: #"sum(stepworks_warm_processes_ended_total)"#, 0)
    try await prometheus.wait(for: #"stepworks_artifacts_total{step="render_thumbnail",role="thumbnail"}"#, 1)
  }

  @Test func `A worker that dies is down, and the one that takes its job back says so`() async throws {
    let installation = try Installation()
    let first = try await installation.startScrapedWorker()
    let dead = try await installation.statusAddress()
    let job = try installation.insert("ping", .object(["sleep_seconds": .integer(600)]))
    try await installation.waitForEvent(of: job, .started)
    try await installation.startScrapedWorker()
    let prometheus = try Prometheus(
      in: installation.directory, scraping: [dead, try await installation.statusAddress()])
    try await prometheus.wait(for: "sum(up)", 2)
    first.send(SIGKILL)
    first.wait()
    try await installation.waitForEvent(of: job, .rescued)
    try await prometheus.wait(for: "sum(stepworks_rescued_jobs_total)", 1)
    try await prometheus.wait(for: "up{instance=\"\(dead)\"}", 0)
  }

  @Test func `A page with everything on it is clean to promtool and to other readers, in both formats`() async throws {
    let installation = try Installation()
    try await installation.startScrapedWorker()
    _ = try await installation.doVariousWork()
    let text = try await installation.metrics()
    let openMetrics = try await installation.metrics(accept: "application/openmetrics-text; version=1.0.0")
    let (textFile, openMetricsFile) = (installation.directory + "/page.txt", installation.directory + "/page.om")
    try text.write(toFile: textFile, atomically: true, encoding: .utf8)
    try openMetrics.write(toFile: openMetricsFile, atomically: true, encoding: .utf8)

    let checked = try Command.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", "\(Prometheus.promtool.path) check metrics < \(textFile)"])
    #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    #expect((checked.output + checked.errors).isEmpty)
    let read = try Command.run(
      Prometheus.source(".venv/bin/python"),
      [Prometheus.source("Tests/PrometheusRules/read_exposition.py").path, textFile, openMetricsFile])
    #expect(read.status == 0, "\(read.output)\(read.errors)")

    // Prometheus of this version asks for OpenMetrics; from a server of files it takes the text format.
    let files = try FileServer(of: installation.directory + "/files", holding: ["metrics": text])
    let prometheus = try Prometheus(in: installation.directory, scraping: [files.address])
    let lines = text.split(separator: "\n").count { !$0.hasPrefix("#") }
    try await prometheus.wait(for: #"count({__name__=~"(stepworks|process)_.+"})"#, Double(lines))

    let series = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      line[..<(line.lastIndex(of: " ") ?? line.endIndex)]
    }
    #expect(Set(series).count == series.count)
    let described = Set(
      text.split(separator: "\n").filter { $0.hasPrefix("# HELP ") }.map { $0.split(separator: " ")[2] })
    // Those that need a renderer, and the log of which a test this short is too small.
    let unseen = Metric.all.map(\.name).filter { !described.contains(Substring($0)) }
    #expect(
      unseen.filter { !$0.hasPrefix("stepworks_warm_") } == [
        Metric.resumedFrames.name, Metric.renders.name, Metric.gpus.name,
      ])
  }
}

extension Installation {
  /// One that serves its metrics on a free port.
  @discardableResult
  func startScrapedWorker(environment: [String: String] = [:]) async throws -> Daemon {
    let known = try sql("SELECT count(status_address) FROM workers")
    let daemon = try startWorker(["--status-port", "0"], environment: environment)
    // Written when it listens.
    while try sql("SELECT count(status_address) FROM workers") == known {
      try #require(daemon.process.isRunning, "\(daemon.output)")
    }
    return daemon
  }

  /// Of the worker that was started last.
  func statusAddress() async throws -> String {
    try sql("SELECT status_address FROM workers ORDER BY id DESC LIMIT 1")
  }

  /// The page of the worker that was started last.
  func metrics(accept: String? = nil) async throws -> String {
    var request = URLRequest(url: try #require(URL(string: "http://\(try await statusAddress())/metrics")))
    if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
    let (data, _) = try await URLSession.shared.data(for: request)
    return String(decoding: data, as: UTF8.self)
  }

  /// In seconds, as `/healthz` of the worker that was started last says it.
  func writeLockWaiting() async throws -> Double {
    let url = try #require(URL(string: "http://\(try await statusAddress())/healthz"))
    let (data, _) = try await URLSession.shared.data(from: url)
    return try #require(
      JSONValue(parsing: String(decoding: data, as: UTF8.self))["write_lock_waiting_seconds"]?.numberValue)
  }

  /// An export, the same again, three inserts of one job that waits, and a job without its file.
  /// - Returns: the export.
  func doVariousWork() async throws -> JobID {
    let bearing = try makeBearing()
    let parameters = JSONValue.object(["source": .string(bearing)])
    let export = try insert("export_glb", parameters)
    #expect(try await waitForEnd(of: export).outcome == .done)
    #expect(try await waitForEnd(of: try insert("export_glb", parameters)).outcome == .cached)
    let missing = JSONValue.object(["source": .string(directory + "/none.step")]).text
    let job = try #require(
      JobID(
        try sql(
          """
          UPDATE worker_configs SET paused = 1 WHERE queue_name = 'cad';
          INSERT INTO jobs (step, parameters) VALUES ('extract_metadata', '\(missing)') RETURNING id;
          INSERT INTO jobs (step, parameters) VALUES ('extract_metadata', '\(missing)'), ('extract_metadata', '\(missing)');
          UPDATE worker_configs SET paused = 0 WHERE queue_name = 'cad';
          """)))
    #expect(try await waitForEnd(of: job).error?.failureClass == .missingInput)
    return export
  }
}
