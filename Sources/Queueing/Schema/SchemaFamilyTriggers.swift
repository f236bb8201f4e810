/// The triggers of schema version 2 about jobs that ask for other jobs.
///
/// No trigger here relies on firing inside itself: a plain connection does not do that (PRAGMA recursive_triggers is
/// off), so each reaches the whole line of descendants with one recursive query. Where it is on, the second firing finds
/// nothing left to do. A parent's id is lower than those of its children, and an UPDATE of `id IN (…)` goes up the ids:
/// parents are final before their children are.
enum SchemaFamilyTriggers {
  private static let now = SchemaTables.now

  /// Every step of the drawing at ``JobState``, as `from>to`.
  private static let transitions = """
     blocked>scheduled blocked>available blocked>failed blocked>cancelled \
    scheduled>blocked scheduled>available scheduled>cancelled \
    available>blocked available>scheduled available>running available>cancelled \
    running>blocked running>scheduled running>available running>completed running>failed running>cancelled \
    failed>blocked failed>scheduled failed>available \
    cancelled>blocked cancelled>scheduled cancelled>available\u{20}
    """

  /// The ids of what `roots`, a SELECT, had asked for, with what that had asked for, and so on, as far as `condition` on
  /// `child` holds, and less what a producer or an unfinished job outside of this family wants.
  private static func abandoned(by roots: String, where condition: String) -> String {
    """
    WITH RECURSIVE family (id) AS (
      \(roots)
      UNION SELECT child.id FROM family JOIN job_dependencies AS link ON link.job_id = family.id AND link.is_child
        JOIN jobs AS child ON child.id = link.depends_on WHERE child.parent_id IS NOT NULL AND \(condition)),
    wanted (id) AS (
      SELECT family.id FROM family JOIN job_dependencies AS link ON link.depends_on = family.id
        JOIN jobs AS other ON other.id = link.job_id
        WHERE other.finished_at IS NULL AND other.id NOT IN (SELECT id FROM family) AND family.id NOT IN (\(roots))
      UNION SELECT link.depends_on FROM wanted JOIN job_dependencies AS link ON link.job_id = wanted.id)
    SELECT id FROM family WHERE id NOT IN (SELECT id FROM wanted) AND id NOT IN (\(roots))
    """
  }

  /// How far the children of a row of `jobs` are: those that are done and those that run count.
  static let childProgress = """
    (SELECT avg(CASE child.state WHEN 'completed' THEN 1.0 WHEN 'running' THEN coalesce(child.progress, 0.0) ELSE 0.0 END)
      FROM job_dependencies AS wish JOIN jobs AS child ON child.id = wish.depends_on
      WHERE wish.job_id = jobs.id AND wish.is_child)
    """

  static let childProgressMessage = """
    (SELECT sum(child.state = 'completed') || ' of ' || count(*) || ' jobs done'
      FROM job_dependencies AS wish JOIN jobs AS child ON child.id = wish.depends_on
      WHERE wish.job_id = jobs.id AND wish.is_child)
    """

  /// Those that fail with NEW, however long the line.
  private static let failedDependents = """
    SELECT id FROM jobs WHERE state = 'failed' AND finished_at = NEW.finished_at AND id IN (
      WITH RECURSIVE dependent (id) AS (
        SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
        UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
      SELECT id FROM dependent)
    """

  static let sql = """
    DROP TRIGGER jobs_check_transition;
    CREATE TRIGGER jobs_check_transition BEFORE UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state AND OLD.queue IS NOT NULL
      AND instr('\(transitions)', ' ' || OLD.state || '>' || NEW.state || ' ') = 0 BEGIN
      SELECT RAISE(ABORT, 'stepworks: no job goes from that state to this one');
    END;

    -- As before, save that a worker writes also the event of a job that starts to wait for others. A job that is
    -- cancelled because nobody waits for it any more says so.
    DROP TRIGGER jobs_log_transition;
    CREATE TRIGGER jobs_log_transition AFTER UPDATE OF state ON jobs
    WHEN NEW.state <> OLD.state AND (NEW.state = 'running' OR NEW.state = 'completed' OR NOT (
      ((OLD.state = 'running' OR OLD.state = 'available') AND (NEW.state = 'scheduled' OR NEW.state = 'available'))
      OR (OLD.state = 'running' AND NEW.state = 'blocked')))
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
          WHEN 'running' THEN json_object('attempt', NEW.attempt)
          WHEN 'completed' THEN NULL
          WHEN 'failed' THEN NEW.error
          WHEN 'cancelled' THEN CASE WHEN NEW.cancel_requested_at IS NULL THEN NEW.error END
        END);
    END;

    -- A blocked job shows how far its children are; released, it starts from nothing again.
    DROP TRIGGER jobs_release_dependents;
    CREATE TRIGGER jobs_release_dependents AFTER UPDATE OF state ON jobs
    WHEN NEW.state = 'completed' AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id) BEGIN
      UPDATE jobs SET
        state = CASE WHEN run_at > NEW.finished_at THEN 'scheduled' ELSE 'available' END,
        available_at = CASE WHEN run_at > NEW.finished_at THEN NULL ELSE NEW.finished_at END,
        progress = NULL, progress_message = NULL
      WHERE state = 'blocked'
        AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id)
        AND NOT EXISTS (
          SELECT 1 FROM job_dependencies AS other JOIN jobs AS parent ON parent.id = other.depends_on
          WHERE other.job_id = jobs.id AND parent.state <> 'completed');
    END;

    -- Whoever waits for a job it asked for, be it made for that one or a producer's too.
    CREATE TRIGGER jobs_tell_parents AFTER UPDATE OF progress, state ON jobs
    WHEN (NEW.progress IS NOT OLD.progress OR NEW.state <> OLD.state)
      AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id AND is_child) BEGIN
      UPDATE jobs SET progress = \(childProgress), progress_message = \(childProgressMessage)
      WHERE state = 'blocked' AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id AND is_child);
    END;

    -- Failure reaches everyone down the line at once. Whoever asked for the job itself gets its sentence. What those who
    -- fail had asked for and nobody else waits for is not started any more.
    DROP TRIGGER jobs_fail_dependents;
    CREATE TRIGGER jobs_fail_dependents AFTER UPDATE OF state ON jobs
    WHEN (NEW.state = 'failed' OR NEW.state = 'cancelled') AND EXISTS (SELECT 1 FROM job_dependencies WHERE depends_on = NEW.id)
    BEGIN
      UPDATE jobs SET state = 'failed', finished_at = NEW.finished_at, error = json_object(
        'class', 'dependency_failed',
        'message', 'Job ' || NEW.id || ' (' || NEW.step || '), which this one '
          || CASE WHEN EXISTS (SELECT 1 FROM job_dependencies WHERE job_id = jobs.id AND is_child)
            THEN 'asked for, '
              || CASE NEW.state
                WHEN 'failed' THEN 'failed: ' || coalesce(json_extract(NEW.error, '$.message'), 'no reason is recorded.')
                ELSE 'was cancelled; retry this one and both go on.' END
            ELSE 'waited for, ' || CASE NEW.state WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
              || '; retry that job and this one waits for it again.' END)
      WHERE state = 'blocked' AND id IN (
        WITH RECURSIVE dependent (id) AS (
          SELECT job_id FROM job_dependencies WHERE depends_on = NEW.id
          UNION SELECT job_id FROM job_dependencies JOIN dependent ON depends_on = dependent.id)
        SELECT id FROM dependent);
      UPDATE jobs SET state = 'cancelled', finished_at = NEW.finished_at, error = json_object(
        'class', 'cancelled',
        'message', 'Job ' || parent_id || ', which asked for this one, did not go on, and nobody else waits for it.')
      WHERE id IN (\(abandoned(by: failedDependents, where: SchemaTables.isWaiting("child.state"))));
    END;

    -- Before all else that a cancellation does, so that it comes first in the history.
    CREATE TRIGGER jobs_log_cancel_request BEFORE UPDATE OF cancel_requested_at ON jobs
    WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL AND OLD.finished_at IS NULL BEGIN
      INSERT INTO job_events (job_id, at, kind, fence) VALUES (NEW.id, \(now), 'cancel_requested', nullif(NEW.fence, 0));
    END;

    -- UPDATE jobs SET cancel_requested_at = 1 WHERE id = … is how anyone cancels: a waiting job is cancelled here and
    -- now, a running one by its worker once its tool is dead, a final one not at all. What it had asked for and nobody
    -- else waits for goes with it, however long the line.
    DROP TRIGGER jobs_cancel;
    CREATE TRIGGER jobs_cancel AFTER UPDATE OF cancel_requested_at ON jobs
    WHEN NEW.cancel_requested_at IS NOT NULL AND OLD.cancel_requested_at IS NULL AND OLD.finished_at IS NULL BEGIN
      UPDATE jobs SET state = 'cancelled', finished_at = \(now)
        WHERE id = NEW.id AND \(SchemaTables.isWaiting("state"));
      UPDATE jobs SET cancel_requested_at = NEW.cancel_requested_at,
        state = CASE WHEN \(SchemaTables.isWaiting("state")) THEN 'cancelled' ELSE state END,
        finished_at = CASE WHEN \(SchemaTables.isWaiting("state")) THEN \(now) ELSE finished_at END
      WHERE cancel_requested_at IS NULL
        AND id IN (\(abandoned(by: "SELECT NEW.id", where: "child.finished_at IS NULL")));
    END;
    """
}
