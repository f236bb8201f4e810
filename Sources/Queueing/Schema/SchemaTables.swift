/// The tables, indexes and views of schema version 1.
///
/// STRICT types and CHECKs make a half-valid row impossible whoever writes it; ``SchemaTriggers`` explains a wrong
/// insert to its producer. Times are integers: milliseconds since 1970 UTC.
enum SchemaTables {
  /// Milliseconds since 1970 UTC, in SQL. SQLite 3.40 has no `unixepoch('subsec')`; the Julian day resolves 0.04 ms.
  static let now = "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"

  /// `(state = 'a' OR state = 'b')`. Not `IN`: in a CHECK or a trigger SQLite builds a temporary index of the list for
  /// each row, which cost half of all that a job costs.
  static func isOneOf(_ column: String, _ words: String...) -> String {
    "(" + words.map { "\(column) = '\($0)'" }.joined(separator: " OR ") + ")"
  }

  /// Whether a job is blocked, scheduled or available: the condition of the index `jobs_waiting_once`, which is used only
  /// where a query says it in the same words.
  static func isWaiting(_ column: String) -> String { isOneOf(column, "blocked", "scheduled", "available") }

  static func isFinal(_ column: String) -> String { isOneOf(column, "completed", "failed", "cancelled") }

  static let sql = """
    CREATE TABLE database_identity (
      -- Tells apart two databases on one machine: a part of the marker that tool processes carry.
      id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO database_identity (id) VALUES (lower(hex(randomblob(8))));

    CREATE TABLE tenants (
      name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
      created_at INTEGER NOT NULL DEFAULT (\(now))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO tenants (name) VALUES ('default');

    -- The registry as daemons publish it.
    CREATE TABLE steps (
      name TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL CHECK (version >= 1),
      queue TEXT NOT NULL CHECK (length(queue) BETWEEN 1 AND 100),
      summary TEXT NOT NULL,
      -- JSON Schema; the insert trigger understands additionalProperties, required, and of properties the type, minimum,
      -- maximum and enum.
      parameter_schema TEXT NOT NULL CHECK (json_valid(parameter_schema)),
      -- How many parameters are required; kept by a trigger.
      required_parameters INTEGER NOT NULL DEFAULT 0,
      dedup TEXT NOT NULL CHECK (dedup IN ('parameters', 'none')),
      max_attempts INTEGER NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
      max_crashes INTEGER NOT NULL CHECK (max_crashes BETWEEN 1 AND 100),
      -- The capabilities it requires: a JSON array of tool names.
      tools TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tools)),
      updated_at INTEGER NOT NULL DEFAULT (\(now))
    ) STRICT, WITHOUT ROWID;

    -- parameter_schema as rows, for the insert trigger; kept by triggers.
    CREATE TABLE step_parameters (
      step TEXT NOT NULL REFERENCES steps (name) ON DELETE CASCADE,
      name TEXT NOT NULL,
      is_required INTEGER NOT NULL,
      type TEXT,
      minimum ANY,
      maximum ANY,
      choices TEXT,
      PRIMARY KEY (step, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE worker_configs (
      queue_name TEXT NOT NULL PRIMARY KEY CHECK (length(queue_name) BETWEEN 1 AND 100),
      -- Bounds the queue over all daemons together.
      max_concurrency INTEGER NOT NULL DEFAULT 1 CHECK (max_concurrency BETWEEN 1 AND 10000),
      min_concurrency INTEGER NOT NULL DEFAULT 0 CHECK (min_concurrency BETWEEN 0 AND max_concurrency),
      paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
      -- How many jobs of one tenant may run at once; NULL: no limit.
      max_per_tenant INTEGER CHECK (max_per_tenant BETWEEN 1 AND 10000),
      -- How many jobs may start in a minute on the average, and at once after a rest; NULL: no limit.
      max_starts_per_minute INTEGER CHECK (max_starts_per_minute BETWEEN 1 AND 1000000),
      updated_at INTEGER NOT NULL DEFAULT (\(now)),
      -- The token bucket behind max_starts_per_minute; written by claims.
      start_tokens REAL,
      start_tokens_at INTEGER
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE workers (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL,
      boot_id TEXT NOT NULL,
      -- The file whose flock says that this worker lives; in the directory <database>-locks.
      lock_name TEXT NOT NULL UNIQUE,
      version TEXT NOT NULL,
      -- Capabilities: the steps it can run, a JSON array of names.
      steps TEXT NOT NULL CHECK (json_valid(steps)),
      -- The queues it serves, a JSON array of names; NULL: every queue.
      queues TEXT CHECK (queues IS NULL OR json_valid(queues)),
      status_address TEXT,
      -- worker_configs as this worker last saw them: the greatest updated_at.
      config_version INTEGER,
      state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'draining', 'stopped', 'dead')),
      started_at INTEGER NOT NULL,
      heartbeat_at INTEGER NOT NULL,
      stopped_at INTEGER,
      CHECK ((state IN ('stopped', 'dead')) = (stopped_at IS NOT NULL))
    ) STRICT;
    CREATE INDEX workers_alive ON workers (id) WHERE state IN ('running', 'draining');

    CREATE TABLE jobs (
      id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
      step TEXT NOT NULL,
      -- NULL only while the insert triggers run; they fill in the step's default.
      queue TEXT,
      parameters TEXT NOT NULL DEFAULT '{}',
      state TEXT NOT NULL DEFAULT 'available'
        CHECK (\(isWaiting("state")) OR state = 'running' OR \(isFinal("state"))),
      outcome TEXT CHECK (\(isOneOf("outcome", "done", "cached", "skipped"))),
      priority INTEGER NOT NULL DEFAULT 0 CHECK (priority BETWEEN -1000 AND 1000),
      run_at INTEGER CHECK (run_at >= 0),
      dedup_key TEXT CHECK (length(dedup_key) > 0),
      tenant TEXT NOT NULL DEFAULT 'default',
      attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
      max_attempts INTEGER CHECK (max_attempts BETWEEN 1 AND 100),
      crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0),
      max_crashes INTEGER CHECK (max_crashes BETWEEN 1 AND 100),
      fence INTEGER NOT NULL DEFAULT 0 CHECK (fence >= 0),
      worker_id INTEGER REFERENCES workers (id),
      cancel_requested_at INTEGER,
      progress REAL CHECK (progress BETWEEN 0 AND 1),
      progress_message TEXT,
      error TEXT CHECK (error IS NULL OR json_valid(error)),
      result TEXT CHECK (result IS NULL OR json_valid(result)),
      -- Set by workflows.
      run_id INTEGER,
      node_id TEXT,
      created_at INTEGER NOT NULL DEFAULT (\(now)),
      available_at INTEGER,
      started_at INTEGER,
      finished_at INTEGER,
      CHECK ((state = 'running') = (worker_id IS NOT NULL)),
      CHECK ((state = 'completed') = (outcome IS NOT NULL)),
      CHECK (\(isFinal("state")) = (finished_at IS NOT NULL)),
      CHECK (state <> 'scheduled' OR run_at IS NOT NULL)
    ) STRICT;

    -- Claiming reads only waiting rows, in the order it takes them: finished rows cost nothing. With the state in it a
    -- partial index covers what it is asked; without, SQLite looks up each row.
    CREATE INDEX jobs_claimable ON jobs (queue, step, tenant, priority DESC, id, state)
      WHERE state = 'available' AND queue IS NOT NULL;
    -- Rows with a later run_at stay out of the index above, else each claim would walk over them.
    CREATE INDEX jobs_scheduled ON jobs (run_at, state) WHERE state = 'scheduled';
    CREATE INDEX jobs_running ON jobs (queue, tenant, state) WHERE state = 'running';
    CREATE INDEX jobs_leased ON jobs (worker_id) WHERE state = 'running';
    CREATE INDEX jobs_cancelling ON jobs (worker_id) WHERE state = 'running' AND cancel_requested_at IS NOT NULL;
    CREATE INDEX jobs_blocked ON jobs (id) WHERE state = 'blocked';
    CREATE UNIQUE INDEX jobs_waiting_once ON jobs (dedup_key, step, tenant)
      WHERE dedup_key IS NOT NULL AND \(isWaiting("state"));

    CREATE TABLE job_dependencies (
      job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      depends_on INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      PRIMARY KEY (job_id, depends_on),
      CHECK (job_id <> depends_on)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX job_dependencies_by_parent ON job_dependencies (depends_on, job_id);

    -- The history, append-only.
    CREATE TABLE job_events (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job_id INTEGER NOT NULL,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      fence INTEGER,
      worker_id INTEGER,
      detail TEXT CHECK (detail IS NULL OR json_valid(detail))
    ) STRICT;
    CREATE INDEX job_events_by_job ON job_events (job_id);

    -- What runs now.
    CREATE TABLE tool_processes (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      fence INTEGER NOT NULL,
      worker_id INTEGER NOT NULL REFERENCES workers (id),
      tool TEXT NOT NULL,
      -- The value of STEPWORKS_RUN in the environment of every process of the run.
      run_id TEXT NOT NULL,
      -- The supervisor: leader of its own session and process group, named for ever by pid, start and boot.
      pid INTEGER NOT NULL,
      start_ticks INTEGER NOT NULL,
      boot_id TEXT NOT NULL,
      started_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX tool_processes_by_job ON tool_processes (job_id);

    CREATE TABLE artifacts (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      fence INTEGER NOT NULL,
      tenant TEXT NOT NULL,
      role TEXT NOT NULL,
      path TEXT NOT NULL,
      media_type TEXT NOT NULL,
      bytes INTEGER NOT NULL CHECK (bytes > 0),
      sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
      -- Digest of everything that determines the file, and what that was.
      derivation_key TEXT NOT NULL CHECK (length(derivation_key) = 64),
      provenance TEXT NOT NULL CHECK (json_valid(provenance)),
      created_at INTEGER NOT NULL,
      UNIQUE (job_id, path)
    ) STRICT;
    CREATE INDEX artifacts_by_digest ON artifacts (sha256);

    -- For people: times as ISO 8601.
    CREATE VIEW job_list AS
      SELECT id, step, queue, state, outcome, priority, tenant, attempt, max_attempts, crashes, progress,
        progress_message,
        json_extract(error, '$.class') AS error_class, json_extract(error, '$.message') AS error_message,
        \(iso8601("created_at")), \(iso8601("run_at")), \(iso8601("available_at")), \(iso8601("started_at")),
        \(iso8601("finished_at"))
      FROM jobs;

    CREATE VIEW queue_status AS
      SELECT config.queue_name, config.max_concurrency, config.min_concurrency, config.paused,
        config.max_per_tenant, config.max_starts_per_minute,
        (SELECT count(*) FROM jobs WHERE state = 'running' AND queue = config.queue_name) AS running,
        (SELECT count(*) FROM jobs
          WHERE state = 'available' AND queue IS NOT NULL AND queue = config.queue_name) AS available,
        (SELECT count(*) FROM jobs WHERE state = 'scheduled' AND queue = config.queue_name) AS scheduled,
        (SELECT count(*) FROM jobs WHERE state = 'blocked' AND queue = config.queue_name) AS blocked,
        (SELECT min(available_at) FROM jobs
          WHERE state = 'available' AND queue IS NOT NULL AND queue = config.queue_name) AS oldest_available_at
      FROM worker_configs AS config;
    """

  private static func iso8601(_ column: String) -> String {
    "strftime('%Y-%m-%dT%H:%M:%fZ', \(column) / 1000.0, 'unixepoch') AS \(column)"
  }
}
