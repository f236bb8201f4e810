/// The triggers of schema version 1: the producer contract.
///
/// Version 2 replaces some of them: as they are now they stand in ``SchemaFamilyTriggers`` and
/// ``SchemaParameterTriggers``.
///
/// They run in the producer's own connection, so they may rely on nothing that a plain `sqlite3` does not have: no
/// foreign keys, no functions of ours, no recursive triggers. A message can't name a value: SQLite 3.40 takes only a
/// literal in RAISE.
enum SchemaTriggers {
  private static let now = SchemaTables.now

  /// The dedup key of parameters by the rule `parameters`: every member in the order of its path, so that the order of
  /// keys and white space do not count. Empty objects and arrays are members too.
  static func dedupKey(of parameters: String) -> String {
    """
    '{' || coalesce((SELECT group_concat(member, ' ') FROM (
      SELECT fullkey || '=' || type || ':' || quote(atom) AS member FROM json_tree(\(parameters))
      WHERE fullkey <> '$' ORDER BY fullkey)), '') || '}'
    """
  }

  static let defaultDedupKey = """
    CASE (SELECT dedup FROM steps WHERE name = NEW.step) WHEN 'parameters' THEN \(dedupKey(of: "NEW.parameters")) END
    """

  private static let isWaiting = SchemaTables.isWaiting("state")

  /// Every step of the drawing at ``JobState``, as `from>to`.
  private static let transitions = """
     blocked>scheduled blocked>available blocked>failed blocked>cancelled \
    scheduled>blocked scheduled>available scheduled>cancelled \
    available>blocked available>scheduled available>running available>cancelled \
    running>scheduled running>available running>completed running>failed running>cancelled \
    failed>blocked failed>scheduled failed>available \
    cancelled>blocked cancelled>scheduled cancelled>available\u{20}
    """

  static let sql = """
    -- What the insert trigger needs of a step's JSON Schema, one row per parameter: parsing the schema at each insert
    -- would cost more than the insert.
    CREATE TRIGGER steps_list_parameters AFTER INSERT ON steps BEGIN \(listParameters) END;
    CREATE TRIGGER steps_list_parameters_again AFTER UPDATE OF parameter_schema ON steps BEGIN \(listParameters) END;

    -- One trigger for all that comes before an insert: the order of several is undefined, and a wrong insert must be
    -- refused before it can be taken for a duplicate.
    CREATE TRIGGER jobs_before_insert BEFORE INSERT ON jobs BEGIN
      SELECT CASE
        WHEN steps.name IS NULL THEN RAISE(ABORT,
          'stepworks: unknown step; SELECT name FROM steps lists the known ones')
        WHEN NEW.state <> 'available' OR NEW.outcome IS NOT NULL OR NEW.attempt <> 0 OR NEW.crashes <> 0
          OR NEW.fence <> 0 OR NEW.worker_id IS NOT NULL OR NEW.cancel_requested_at IS NOT NULL
          OR NEW.progress IS NOT NULL OR NEW.progress_message IS NOT NULL OR NEW.error IS NOT NULL
          OR NEW.result IS NOT NULL OR NEW.started_at IS NOT NULL OR NEW.finished_at IS NOT NULL
          THEN RAISE(ABORT,
          'stepworks: state, outcome, attempt, crashes, fence, worker_id, progress, error, result and their times are set by workers only')
        -- −1 stands for "not given". A given id could reuse one, or use up all of them.
        WHEN NEW.id > 0 THEN RAISE(ABORT,
          'stepworks: leave out id; the database gives it, RETURNING id tells it')
        WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE name = NEW.tenant) THEN RAISE(ABORT,
          'stepworks: unknown tenant; SELECT name FROM tenants lists the known ones')
        WHEN NEW.parameters <> '{}' AND NOT json_valid(NEW.parameters) THEN RAISE(ABORT,
          'stepworks: parameters is not valid JSON')
        WHEN NEW.parameters <> '{}' AND json_type(NEW.parameters) <> 'object' THEN RAISE(ABORT,
          'stepworks: parameters must be a JSON object, such as {"source":"part.step"}')
        WHEN length(NEW.parameters) > 1000000 THEN RAISE(ABORT,
          'stepworks: parameters is longer than a million characters; put the data into a file and name that')
        WHEN steps.required_parameters > 0 AND EXISTS (
          SELECT 1 FROM step_parameters AS known WHERE step = NEW.step AND is_required AND NOT EXISTS (
            SELECT 1 FROM json_each(NEW.parameters) AS given WHERE given.key = known.name AND given.type <> 'null'))
          THEN RAISE(ABORT,
          'stepworks: a required parameter is missing; steps.parameter_schema says which the step needs')
        WHEN NEW.parameters <> '{}' THEN (
          -- The first wrong member decides; null means "not given".
          SELECT CASE
            WHEN known.name IS NULL THEN RAISE(ABORT,
              'stepworks: unknown parameter; steps.parameter_schema lists those the step takes')
            WHEN CASE known.type
              WHEN 'string' THEN given.type <> 'text'
              WHEN 'boolean' THEN given.type NOT IN ('true', 'false')
              WHEN 'integer' THEN given.type <> 'integer'
              WHEN 'number' THEN given.type NOT IN ('integer', 'real')
            END THEN RAISE(ABORT,
              'stepworks: a parameter has the wrong type; steps.parameter_schema says which it must have')
            ELSE RAISE(ABORT,
              'stepworks: a parameter is out of its range; steps.parameter_schema says which values it takes')
          END
          FROM json_each(NEW.parameters) AS given
          LEFT JOIN step_parameters AS known ON known.step = NEW.step AND known.name = given.key
          WHERE CASE
            WHEN known.name IS NULL THEN json_extract(steps.parameter_schema, '$.additionalProperties') = 0
            WHEN given.type = 'null' THEN 0
            WHEN known.type = 'string' THEN given.type <> 'text' OR (
              known.choices IS NOT NULL AND given.value NOT IN (SELECT value FROM json_each(known.choices)))
            WHEN known.type = 'boolean' THEN given.type NOT IN ('true', 'false')
            WHEN known.type = 'integer' THEN given.type <> 'integer'
              OR given.value NOT BETWEEN known.minimum AND known.maximum
            WHEN known.type = 'number' THEN given.type NOT IN ('integer', 'real')
              OR given.value NOT BETWEEN known.minimum AND known.maximum
          END
          LIMIT 1)
      END FROM (SELECT 1) LEFT JOIN steps ON steps.name = NEW.step;

      -- A waiting job that is the same work takes this one in: no row, one event, the higher of the two priorities, the
      -- earlier of the two times.
      -- changes() is that of the statement before; RAISE(IGNORE) abandons the insert and keeps what stands before it.
      INSERT INTO job_events (job_id, at, kind, detail)
        SELECT id, \(now), 'duplicate', json_object('priority', NEW.priority) FROM jobs
        WHERE dedup_key IS NOT NULL AND \(isWaiting)
          AND dedup_key = coalesce(NEW.dedup_key, \(defaultDedupKey)) AND step = NEW.step AND tenant = NEW.tenant;
      UPDATE jobs SET priority = max(priority, NEW.priority),
        run_at = CASE WHEN run_at > coalesce(NEW.run_at, 0) THEN coalesce(NEW.run_at, NEW.created_at) ELSE run_at END
        WHERE changes() > 0 AND id = (SELECT job_id FROM job_events WHERE id = last_insert_rowid());
      SELECT RAISE(IGNORE) WHERE changes() > 0;
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
        state = CASE WHEN NEW.run_at > NEW.created_at THEN 'scheduled' ELSE 'available' END,
        available_at = CASE WHEN NEW.run_at > NEW.created_at THEN NULL ELSE NEW.created_at END
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

    -- A row that is still being filled in has no queue yet. Looking the step up in a text is cheaper than a CASE of lists.
    CREATE TRIGGER jobs_check_transition BEFORE UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state AND OLD.queue IS NOT NULL
      AND instr('\(transitions)', ' ' || OLD.state || '>' || NEW.state || ' ') = 0 BEGIN
      SELECT RAISE(ABORT, 'stepworks: no job goes from that state to this one');
    END;

    CREATE TRIGGER jobs_stay_complete BEFORE UPDATE OF queue, max_attempts, max_crashes ON jobs
    WHEN OLD.queue IS NOT NULL AND (NEW.queue IS NULL OR NEW.max_attempts IS NULL OR NEW.max_crashes IS NULL) BEGIN
      SELECT RAISE(ABORT, 'stepworks: queue, max_attempts and max_crashes of a job cannot be NULL');
    END;

    CREATE TRIGGER jobs_know_new_queue AFTER UPDATE OF queue ON jobs
    WHEN NEW.queue IS NOT NULL AND NOT EXISTS (SELECT 1 FROM worker_configs WHERE queue_name = NEW.queue) BEGIN
      INSERT INTO worker_configs (queue_name) VALUES (NEW.queue);
    END;

    CREATE TRIGGER worker_configs_stay BEFORE DELETE ON worker_configs
    WHEN EXISTS (SELECT 1 FROM jobs WHERE queue = OLD.queue_name AND finished_at IS NULL) BEGIN
      SELECT RAISE(ABORT, 'stepworks: the queue has unfinished jobs; pause it instead');
    END;

    CREATE TRIGGER jobs_check_fence BEFORE UPDATE OF fence ON jobs WHEN NEW.fence < OLD.fence BEGIN
      SELECT RAISE(ABORT, 'stepworks: a fence only grows');
    END;

    -- Every change of state leaves an event. What a worker gives back (running to waiting) has reasons that only the
    -- worker knows: it writes those itself, in the same transaction.
    CREATE TRIGGER jobs_log_transition AFTER UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state
      AND NOT ((OLD.state = 'running' OR OLD.state = 'available') AND (NEW.state = 'scheduled' OR NEW.state = 'available'))
    BEGIN
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
    WHEN (NEW.state = 'failed' OR NEW.state = 'cancelled') AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id)
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
        WHERE id = NEW.id AND \(isWaiting);
    END;

    CREATE TRIGGER job_dependencies_check BEFORE INSERT ON job_dependencies BEGIN
      SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE id = NEW.job_id AND \(isWaiting)) THEN RAISE(ABORT,
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

    -- Taking away what a job waits for would leave it waiting for ever.
    CREATE TRIGGER job_dependencies_stay BEFORE DELETE ON job_dependencies
    WHEN (SELECT state FROM jobs WHERE id = OLD.job_id) = 'blocked'
      AND (SELECT state FROM jobs WHERE id = OLD.depends_on) <> 'completed' BEGIN
      SELECT RAISE(ABORT, 'stepworks: a job still waits for that one; cancel it instead');
    END;

    CREATE TRIGGER job_dependencies_fixed BEFORE UPDATE ON job_dependencies BEGIN
      SELECT RAISE(ABORT, 'stepworks: a dependency is not changed; cancel the job and insert another');
    END;

    CREATE TRIGGER jobs_delete_finished BEFORE DELETE ON jobs
    WHEN OLD.state NOT IN ('completed', 'failed', 'cancelled') BEGIN
      SELECT RAISE(ABORT, 'stepworks: only a finished job can be deleted; cancel this one first');
    END;

    CREATE TRIGGER tenants_keep_default BEFORE DELETE ON tenants
    WHEN OLD.name = 'default' OR EXISTS (SELECT 1 FROM jobs WHERE tenant = OLD.name) BEGIN
      SELECT RAISE(ABORT, 'stepworks: a tenant that has jobs, and the default one, cannot be deleted');
    END;

    CREATE TRIGGER job_events_append_only BEFORE UPDATE ON job_events BEGIN
      SELECT RAISE(ABORT, 'stepworks: job_events is append-only');
    END;

    CREATE TRIGGER worker_configs_touch AFTER UPDATE
    OF max_concurrency, min_concurrency, paused, max_per_tenant, max_starts_per_minute ON worker_configs BEGIN
      UPDATE worker_configs SET updated_at = max(\(now), OLD.updated_at + 1) WHERE queue_name = NEW.queue_name;
    END;
    """

  private static let listParameters = """
    DELETE FROM step_parameters WHERE step = NEW.name;
    INSERT INTO step_parameters (step, name, is_required, type, minimum, maximum, choices)
      SELECT NEW.name, known.key,
        EXISTS (SELECT 1 FROM json_each(NEW.parameter_schema, '$.required') AS required
          WHERE required.value = known.key),
        json_extract(known.value, '$.type'), json_extract(known.value, '$.minimum'),
        json_extract(known.value, '$.maximum'), json_extract(known.value, '$.enum')
      FROM json_each(NEW.parameter_schema, '$.properties') AS known;
    UPDATE steps SET required_parameters = (SELECT count(*) FROM step_parameters WHERE step = NEW.name AND is_required)
      WHERE name = NEW.name;
    """
}
