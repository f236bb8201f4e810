/// Schema version 3: what is being made is known by its derivation key, so that nothing is made twice at once.
///
/// What has been made is known by the rows of `artifacts`. A wait for something that is being made ends when its maker
/// stops running, however it ends: the job that waited looks again, and takes the result or makes it itself. So no wait
/// can be part of a circle (who is waited for runs), and no failure is inherited.
enum SchemaVersion3 {
  static let sql = """
    CREATE TABLE derivations (
      key TEXT NOT NULL PRIMARY KEY CHECK (length(key) = 64),
      -- Makes it now, as long as it runs under this fence.
      job_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      fence INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX derivations_by_job ON derivations (job_id);

    CREATE TABLE derivation_waits (
      -- Blocked until the other one stops running.
      job_id INTEGER NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
      maker_id INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX derivation_waits_by_maker ON derivation_waits (maker_id);

    CREATE INDEX artifacts_by_derivation ON artifacts (derivation_key);

    -- Bytes of all files that artifacts of the tenant name, each counted once; NULL: no limit.
    ALTER TABLE tenants ADD COLUMN max_artifact_bytes INTEGER CHECK (max_artifact_bytes > 0);

    CREATE TRIGGER jobs_end_derivations AFTER UPDATE OF state ON jobs
    WHEN OLD.state = 'running' AND NEW.state <> 'running'
      AND EXISTS (SELECT 1 FROM derivations WHERE job_id = NEW.id) BEGIN
      DELETE FROM derivations WHERE job_id = NEW.id;
      UPDATE jobs SET state = 'available', available_at = coalesce(NEW.finished_at, \(SchemaTables.now)),
        progress = NULL, progress_message = NULL
      WHERE state = 'blocked' AND id IN (SELECT job_id FROM derivation_waits WHERE maker_id = NEW.id)
        AND NOT EXISTS (
          SELECT 1 FROM job_dependencies AS other JOIN jobs AS parent ON parent.id = other.depends_on
          WHERE other.job_id = jobs.id AND parent.state <> 'completed');
      -- Those that a producer has made wait for others meanwhile: they go on when these are done.
      DELETE FROM derivation_waits WHERE maker_id = NEW.id;
    END;

    CREATE TRIGGER jobs_end_derivation_wait AFTER UPDATE OF state ON jobs
    WHEN OLD.state = 'blocked' AND NEW.state <> 'blocked'
      AND EXISTS (SELECT 1 FROM derivation_waits WHERE job_id = NEW.id) BEGIN
      DELETE FROM derivation_waits WHERE job_id = NEW.id;
    END;

    -- Who waits sees how far the maker is.
    CREATE TRIGGER jobs_tell_derivation_waits AFTER UPDATE OF progress ON jobs
    WHEN NEW.progress IS NOT OLD.progress AND NEW.state = 'running'
      AND EXISTS (SELECT 1 FROM derivation_waits WHERE maker_id = NEW.id) BEGIN
      UPDATE jobs SET progress = NEW.progress, progress_message = NEW.progress_message
      WHERE state = 'blocked' AND id IN (SELECT job_id FROM derivation_waits WHERE maker_id = NEW.id);
    END;

    \(quotas)
    """

  /// What a tenant's files take is kept as a number: to add them up at each settlement would take the longer the more
  /// there are. A file that several artifacts of a tenant name counts once.
  private static let quotas = """
    CREATE INDEX artifacts_by_tenant ON artifacts (tenant, path);
    ALTER TABLE tenants ADD COLUMN artifact_bytes INTEGER NOT NULL DEFAULT 0 CHECK (artifact_bytes >= 0);
    UPDATE tenants SET artifact_bytes = coalesce((SELECT sum(bytes) FROM (
      SELECT path, max(bytes) AS bytes FROM artifacts WHERE tenant = tenants.name GROUP BY path)), 0);

    CREATE TRIGGER artifacts_count AFTER INSERT ON artifacts
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE tenant = NEW.tenant AND path = NEW.path AND id <> NEW.id) BEGIN
      UPDATE tenants SET artifact_bytes = artifact_bytes + NEW.bytes WHERE name = NEW.tenant;
    END;

    CREATE TRIGGER artifacts_discount AFTER DELETE ON artifacts
    WHEN NOT EXISTS (SELECT 1 FROM artifacts WHERE tenant = OLD.tenant AND path = OLD.path) BEGIN
      UPDATE tenants SET artifact_bytes = max(0, artifact_bytes - OLD.bytes) WHERE name = OLD.tenant;
    END;

    CREATE TRIGGER artifacts_stay BEFORE UPDATE OF job_id, tenant, path, bytes, sha256 ON artifacts BEGIN
      SELECT RAISE(ABORT, 'stepworks: an artifact is not changed; delete it and ask for it again');
    END;
    """
}
