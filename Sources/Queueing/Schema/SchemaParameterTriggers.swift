/// The triggers of schema version 2 that check what is inserted: version 1's, which know lists and maps too.
enum SchemaParameterTriggers {
  private static let now = SchemaTables.now

  // Only asked of a value that is an array or an object: json_each refuses other texts.
  private static let hasOtherThanText =
    "EXISTS (SELECT 1 FROM json_each(given.value) AS item WHERE item.type <> 'text')"
  private static let isOutOfCount =
    "(SELECT count(*) FROM json_each(given.value)) NOT BETWEEN known.minimum AND known.maximum"
  private static let isNoChoice = """
    (known.choices IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(given.value) AS item
      WHERE item.value NOT IN (SELECT value FROM json_each(known.choices))))
    """
  private static let hasTwins = """
    (SELECT count(*) > count(DISTINCT item.value) FROM json_each(given.value) AS item)
    """

  static let sql = """
    DROP TRIGGER steps_list_parameters;
    CREATE TRIGGER steps_list_parameters AFTER INSERT ON steps BEGIN \(listParameters) END;
    DROP TRIGGER steps_list_parameters_again;
    CREATE TRIGGER steps_list_parameters_again AFTER UPDATE OF parameter_schema ON steps BEGIN \(listParameters) END;

    DROP TRIGGER jobs_before_insert;
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
          OR NEW.parent_id IS NOT NULL
          THEN RAISE(ABORT,
          'stepworks: state, outcome, attempt, crashes, fence, worker_id, progress, error, result, parent_id and their times are set by workers only')
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
              WHEN 'array' THEN CASE given.type WHEN 'array' THEN \(hasOtherThanText) ELSE 1 END
              WHEN 'object' THEN CASE given.type WHEN 'object' THEN \(hasOtherThanText) ELSE 1 END
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
            WHEN known.type = 'array' THEN CASE given.type
              WHEN 'array' THEN \(hasOtherThanText) OR \(isOutOfCount) OR \(isNoChoice) OR \(hasTwins)
              ELSE 1 END
            WHEN known.type = 'object' THEN CASE given.type
              WHEN 'object' THEN \(hasOtherThanText) OR \(isOutOfCount)
              ELSE 1 END
          END
          LIMIT 1)
      END FROM (SELECT 1) LEFT JOIN steps ON steps.name = NEW.step;

      -- A waiting job that is the same work takes this one in: no row, one event, the higher of the two priorities, the
      -- earlier of the two times. From now on it is not only its parent's any more.
      -- changes() is that of the statement before; RAISE(IGNORE) abandons the insert and keeps what stands before it.
      INSERT INTO job_events (job_id, at, kind, detail)
        SELECT id, \(now), 'duplicate', CASE WHEN parent_id IS NULL THEN json_object('priority', NEW.priority)
          ELSE json_object('priority', NEW.priority, 'parent_id', parent_id) END FROM jobs
        WHERE dedup_key IS NOT NULL AND \(SchemaTables.isWaiting("state"))
          AND dedup_key = coalesce(NEW.dedup_key, \(SchemaTriggers.defaultDedupKey)) AND step = NEW.step AND tenant = NEW.tenant;
      UPDATE jobs SET priority = max(priority, NEW.priority), parent_id = NULL,
        run_at = CASE WHEN run_at > coalesce(NEW.run_at, 0) THEN coalesce(NEW.run_at, NEW.created_at) ELSE run_at END
        WHERE changes() > 0 AND id = (SELECT job_id FROM job_events WHERE id = last_insert_rowid());
      SELECT RAISE(IGNORE) WHERE changes() > 0;
    END;
    """

  /// Of a list, the choices are those of its items; of lists and maps, the bounds are those of their size.
  private static let listParameters = """
    DELETE FROM step_parameters WHERE step = NEW.name;
    INSERT INTO step_parameters (step, name, is_required, type, minimum, maximum, choices)
      SELECT NEW.name, known.key,
        EXISTS (SELECT 1 FROM json_each(NEW.parameter_schema, '$.required') AS required
          WHERE required.value = known.key),
        json_extract(known.value, '$.type'),
        coalesce(json_extract(known.value, '$.minimum'), json_extract(known.value, '$.minItems'),
          json_extract(known.value, '$.minProperties')),
        coalesce(json_extract(known.value, '$.maximum'), json_extract(known.value, '$.maxItems'),
          json_extract(known.value, '$.maxProperties')),
        coalesce(json_extract(known.value, '$.enum'), json_extract(known.value, '$.items.enum'))
      FROM json_each(NEW.parameter_schema, '$.properties') AS known;
    UPDATE steps SET required_parameters = (SELECT count(*) FROM step_parameters WHERE step = NEW.name AND is_required)
      WHERE name = NEW.name;
    """
}
