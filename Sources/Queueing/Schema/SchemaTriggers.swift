/// The triggers of schema version 1: the producer contract.
///
/// They run in the producer's own connection, so they may rely on nothing that a plain `sqlite3` does not have: no
/// foreign keys, no functions of ours, no recursive triggers. A message can't name a value: SQLite 3.40 takes only a
/// literal in RAISE.
enum SchemaTriggers {
  private static let now = SchemaTables.now

  /// The dedup key of a row by the step's rule: step, tenant, and every leaf of the parameters in the order of its path.
  private static let defaultDedupKey = """
    CASE (SELECT dedup FROM steps WHERE name = NEW.step) WHEN 'parameters' THEN
      NEW.step || ' ' || NEW.tenant || ' ' || coalesce(
        (SELECT group_concat(leaf, ' ') FROM (
          SELECT fullkey || '=' || type || ':' || quote(atom) AS leaf FROM json_tree(NEW.parameters)
          WHERE type NOT IN ('object', 'array') ORDER BY fullkey)), '')
    END
    """

  private static let waiting = "('blocked', 'scheduled', 'available')"

  static let sql = """
    CREATE TRIGGER jobs_check_insert BEFORE INSERT ON jobs BEGIN
      SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM steps WHERE name = NEW.step) THEN RAISE(ABORT,
          'stepworks: unknown step; SELECT name FROM steps lists the known ones')
        WHEN NOT json_valid(NEW.parameters) THEN RAISE(ABORT,
          'stepworks: parameters is not valid JSON')
        WHEN json_type(NEW.parameters) <> 'object' THEN RAISE(ABORT,
          'stepworks: parameters must be a JSON object, such as {"source":"part.step"}')
        WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE name = NEW.tenant) THEN RAISE(ABORT,
          'stepworks: unknown tenant; SELECT name FROM tenants lists the known ones')
        WHEN NEW.state <> 'available' OR NEW.outcome IS NOT NULL OR NEW.attempt <> 0 OR NEW.crashes <> 0
          OR NEW.fence <> 0 OR NEW.worker_id IS NOT NULL OR NEW.cancel_requested_at IS NOT NULL
          OR NEW.progress IS NOT NULL OR NEW.progress_message IS NOT NULL OR NEW.error IS NOT NULL
          OR NEW.result IS NOT NULL OR NEW.started_at IS NOT NULL OR NEW.finished_at IS NOT NULL
          THEN RAISE(ABORT,
          'stepworks: state, outcome, attempt, crashes, fence, worker_id, progress, error, result and their times are set by workers only')
      END;
    END;

    CREATE TRIGGER jobs_check_parameters BEFORE INSERT ON jobs WHEN json_valid(NEW.parameters) BEGIN
      SELECT CASE
        WHEN EXISTS (
          SELECT 1 FROM steps, json_each(steps.parameter_schema, '$.required') AS required
          WHERE steps.name = NEW.step AND NOT EXISTS (
            SELECT 1 FROM json_each(NEW.parameters) AS given WHERE given.key = required.value AND given.type <> 'null'))
          THEN RAISE(ABORT,
          'stepworks: a required parameter is missing; steps.parameter_schema says which the step needs')
        WHEN EXISTS (
          SELECT 1 FROM steps, json_each(NEW.parameters) AS given
          WHERE steps.name = NEW.step AND json_extract(steps.parameter_schema, '$.additionalProperties') = 0
            AND NOT EXISTS (
              SELECT 1 FROM json_each(steps.parameter_schema, '$.properties') AS known WHERE known.key = given.key))
          THEN RAISE(ABORT,
          'stepworks: unknown parameter; steps.parameter_schema lists those the step takes')
        WHEN EXISTS (
          SELECT 1 FROM steps, json_each(NEW.parameters) AS given,
            json_each(steps.parameter_schema, '$.properties') AS known
          WHERE steps.name = NEW.step AND known.key = given.key AND given.type <> 'null'
            AND CASE json_extract(known.value, '$.type')
              WHEN 'string' THEN given.type <> 'text'
              WHEN 'boolean' THEN given.type NOT IN ('true', 'false')
              WHEN 'integer' THEN given.type <> 'integer'
              WHEN 'number' THEN given.type NOT IN ('integer', 'real')
            END)
          THEN RAISE(ABORT,
          'stepworks: a parameter has the wrong type; steps.parameter_schema says which it must have')
      END;
    END;

    -- A waiting job that is the same work takes this one in: no row, one event, the higher of the two priorities.
    -- RAISE(IGNORE) abandons the insert and keeps what stands before it.
    CREATE TRIGGER jobs_merge_duplicate BEFORE INSERT ON jobs
    WHEN json_valid(NEW.parameters) AND EXISTS (
      SELECT 1 FROM jobs WHERE dedup_key IS NOT NULL AND state IN \(waiting)
        AND dedup_key = coalesce(NEW.dedup_key, \(defaultDedupKey)))
    BEGIN
      INSERT INTO job_events (job_id, at, kind, detail)
        SELECT id, \(now), 'duplicate', json_object('priority', NEW.priority)
        FROM jobs WHERE dedup_key IS NOT NULL AND state IN \(waiting)
          AND dedup_key = coalesce(NEW.dedup_key, \(defaultDedupKey));
      UPDATE jobs SET priority = NEW.priority
        WHERE dedup_key IS NOT NULL AND state IN \(waiting) AND priority < NEW.priority
          AND dedup_key = coalesce(NEW.dedup_key, \(defaultDedupKey));
      SELECT RAISE(IGNORE);
    END;

    -- A producer of ours that gives every value itself saves this second write of the row.
    CREATE TRIGGER jobs_fill_defaults AFTER INSERT ON jobs
    WHEN NEW.queue IS NULL OR NEW.max_attempts IS NULL OR NEW.max_crashes IS NULL OR NEW.available_at IS NULL
      OR NEW.run_at IS NOT NULL
      OR (NEW.dedup_key IS NULL AND (SELECT dedup FROM steps WHERE name = NEW.step) <> 'none')
    BEGIN
      UPDATE jobs SET
        queue = coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)),
        max_attempts = coalesce(NEW.max_attempts, (SELECT max_attempts FROM steps WHERE name = NEW.step)),
        max_crashes = coalesce(NEW.max_crashes, (SELECT max_crashes FROM steps WHERE name = NEW.step)),
        dedup_key = coalesce(NEW.dedup_key, \(defaultDedupKey)),
        state = CASE WHEN NEW.run_at > \(now) THEN 'scheduled' ELSE 'available' END,
        available_at = CASE WHEN NEW.run_at > \(now) THEN NULL ELSE \(now) END
        WHERE id = NEW.id;
    END;

    CREATE TRIGGER jobs_know_queue AFTER INSERT ON jobs
    WHEN NOT EXISTS (SELECT 1 FROM worker_configs
      WHERE queue_name = coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)))
    BEGIN
      INSERT INTO worker_configs (queue_name)
        VALUES (coalesce(NEW.queue, (SELECT queue FROM steps WHERE name = NEW.step)));
    END;

    CREATE TRIGGER jobs_log_insert AFTER INSERT ON jobs BEGIN
      INSERT INTO job_events (job_id, at, kind) VALUES (NEW.id, NEW.created_at, 'enqueued');
    END;

    CREATE TRIGGER jobs_check_transition BEFORE UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state AND OLD.queue IS NOT NULL AND NOT CASE OLD.state
      WHEN 'blocked' THEN NEW.state IN ('scheduled', 'available', 'failed', 'cancelled')
      WHEN 'scheduled' THEN NEW.state IN ('blocked', 'available', 'cancelled')
      WHEN 'available' THEN NEW.state IN ('blocked', 'scheduled', 'running', 'cancelled')
      WHEN 'running' THEN NEW.state IN ('scheduled', 'available', 'completed', 'failed', 'cancelled')
      WHEN 'completed' THEN 0
      ELSE NEW.state IN ('blocked', 'scheduled', 'available')
    END BEGIN
      SELECT RAISE(ABORT, 'stepworks: no job goes from that state to this one');
    END;

    CREATE TRIGGER jobs_check_fence BEFORE UPDATE OF fence ON jobs WHEN NEW.fence < OLD.fence BEGIN
      SELECT RAISE(ABORT, 'stepworks: a fence only grows');
    END;

    -- Every change of state leaves an event. What a worker gives back (running to waiting) has reasons that only the
    -- worker knows: it writes those itself, in the same transaction.
    CREATE TRIGGER jobs_log_transition AFTER UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state
      AND NOT (OLD.state IN ('running', 'available') AND NEW.state IN ('scheduled', 'available')) BEGIN
      INSERT INTO job_events (job_id, at, kind, fence, worker_id, detail) VALUES (
        NEW.id,
        CASE NEW.state WHEN 'running' THEN NEW.started_at
          WHEN 'blocked' THEN \(now) ELSE coalesce(NEW.finished_at, \(now)) END,
        CASE NEW.state
          WHEN 'running' THEN 'started'
          WHEN 'completed' THEN 'completed'
          WHEN 'failed' THEN 'failed'
          WHEN 'cancelled' THEN 'cancelled'
          ELSE CASE OLD.state
            WHEN 'failed' THEN 'retried'
            WHEN 'cancelled' THEN 'retried'
            WHEN 'blocked' THEN 'unblocked'
            ELSE CASE NEW.state WHEN 'blocked' THEN 'blocked' ELSE 'promoted' END
          END
        END,
        nullif(NEW.fence, 0), coalesce(NEW.worker_id, OLD.worker_id),
        CASE NEW.state
          WHEN 'failed' THEN NEW.error
          WHEN 'running' THEN json_object('attempt', NEW.attempt)
        END);
    END;

    -- Completion releases those who waited for it in the same transaction, whoever completes it.
    CREATE TRIGGER jobs_release_dependents AFTER UPDATE OF state ON jobs
    WHEN NEW.state = 'completed' AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id) BEGIN
      UPDATE jobs SET
        state = CASE WHEN run_at > NEW.finished_at THEN 'scheduled' ELSE 'available' END,
        available_at = CASE WHEN run_at > NEW.finished_at THEN NULL ELSE NEW.finished_at END
      WHERE state = 'blocked'
        AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id)
        AND NOT EXISTS (
          SELECT 1 FROM job_dependencies AS other JOIN jobs AS parent ON parent.id = other.depends_on
          WHERE other.job_id = jobs.id AND parent.state <> 'completed');
    END;

    -- Failure reaches everyone down the line at once: triggers do not recurse in a plain connection, the query does.
    CREATE TRIGGER jobs_fail_dependents AFTER UPDATE OF state ON jobs
    WHEN NEW.state IN ('failed', 'cancelled') AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id)
    BEGIN
      UPDATE jobs SET state = 'failed', finished_at = NEW.finished_at, error = json_object(
        'class', 'dependency_failed',
        'message', 'Job ' || NEW.id || ' (' || NEW.step || '), which this one waited for, '
          || CASE NEW.state WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
          || '; retry that job and this one waits for it again.')
      WHERE state = 'blocked' AND id IN (
        WITH RECURSIVE dependent (id) AS (
          SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
          UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
        SELECT id FROM dependent);
    END;

    -- UPDATE jobs SET cancel_requested_at = 1 WHERE id = … is how anyone cancels: a waiting job is cancelled here and
    -- now, a running one by its worker once its tool is dead, a final one not at all.
    CREATE TRIGGER jobs_cancel AFTER UPDATE OF cancel_requested_at ON jobs
    WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL BEGIN
      INSERT INTO job_events (job_id, at, kind, fence)
        SELECT NEW.id, \(now), 'cancel_requested', nullif(NEW.fence, 0)
        WHERE OLD.state NOT IN ('completed', 'failed', 'cancelled');
      UPDATE jobs SET state = 'cancelled', finished_at = \(now)
        WHERE id = NEW.id AND state IN \(waiting);
    END;

    CREATE TRIGGER job_dependencies_check BEFORE INSERT ON job_dependencies BEGIN
      SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id AND state IN \(waiting)) THEN RAISE(ABORT,
          'stepworks: only a job that has not started can be made to wait; insert job and dependency in one transaction')
        WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.depends_on) THEN RAISE(ABORT,
          'stepworks: depends_on names no job')
        WHEN (SELECT state FROM jobs WHERE id = NEW.depends_on) IN ('failed', 'cancelled') THEN RAISE(ABORT,
          'stepworks: the job it should wait for has failed or was cancelled')
        WHEN NEW.job_id = NEW.depends_on OR NEW.job_id IN (
          WITH RECURSIVE ancestor (id) AS (
            SELECT NEW.depends_on
            UNION SELECT depends_on FROM job_dependencies JOIN ancestor ON job_id = ancestor.id)
          SELECT id FROM ancestor) THEN RAISE(ABORT,
          'stepworks: the jobs would wait for each other for ever')
      END;
    END;

    CREATE TRIGGER job_dependencies_block AFTER INSERT ON job_dependencies
    WHEN (SELECT state FROM jobs WHERE id = NEW.depends_on) <> 'completed' BEGIN
      UPDATE jobs SET state = 'blocked', available_at = NULL
        WHERE id = NEW.job_id AND state IN ('scheduled', 'available');
    END;

    CREATE TRIGGER job_events_append_only BEFORE UPDATE ON job_events BEGIN
      SELECT RAISE(ABORT, 'stepworks: job_events is append-only');
    END;

    CREATE TRIGGER worker_configs_touch AFTER UPDATE
    OF max_concurrency, min_concurrency, paused, max_per_tenant, max_starts_per_minute ON worker_configs BEGIN
      UPDATE worker_configs SET updated_at = max(\(now), OLD.updated_at + 1) WHERE queue_name = NEW.queue_name;
    END;
    """
}
