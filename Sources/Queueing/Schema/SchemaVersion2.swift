/// Schema version 2: a running job may ask for other jobs and wait for them; parameters may be lists and maps.
///
/// The job that asks is the parent, the jobs it asks for are its children. A child is its parent's in two places:
/// `job_dependencies.is_child` says for whom the parent waits, `jobs.parent_id` for whom the child was made. The second
/// may be empty or another's where equal work waited already.
enum SchemaVersion2 {
  static let sql = """
    -- Who asked for this job; NULL: a producer did, or wants it too. Set by workers.
    ALTER TABLE jobs ADD COLUMN parent_id INTEGER REFERENCES jobs (id) ON DELETE SET NULL;
    CREATE INDEX jobs_by_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;

    -- 1: the job asked for the other one itself, while it ran.
    ALTER TABLE job_dependencies ADD COLUMN is_child INTEGER NOT NULL DEFAULT 0 CHECK (is_child IN (0, 1));
    -- Every progress of every job asks who had asked for it: thousands that only a producer made wait must cost nothing.
    CREATE INDEX job_dependencies_by_child ON job_dependencies (depends_on, job_id) WHERE is_child;

    DROP VIEW job_list;
    CREATE VIEW job_list AS
      SELECT id, step, queue, state, outcome, priority, tenant, attempt, max_attempts, crashes, progress,
        progress_message,
        json_extract(error, '$.class') AS error_class, json_extract(error, '$.message') AS error_message,
        \(iso8601("created_at")), \(iso8601("run_at")), \(iso8601("available_at")), \(iso8601("started_at")),
        \(iso8601("finished_at")), parent_id
      FROM jobs;

    \(SchemaFamilyTriggers.sql)
    \(SchemaParameterTriggers.sql)
    """

  private static func iso8601(_ column: String) -> String {
    "strftime('%Y-%m-%dT%H:%M:%fZ', \(column) / 1000.0, 'unixepoch') AS \(column)"
  }
}
