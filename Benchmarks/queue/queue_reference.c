// The limit: what SQLite itself can do with the row writes of Stepworks, in C, with the same batching.
//
// One process, prepared statements, WAL. Tables and indexes are those of the real database (the caller made it); the
// triggers are dropped, and the rows that they would write are written here.
//
//   queue_reference DATABASE JOBS BATCH FULL|NORMAL
//
// Prints three numbers: seconds for enqueueing, claiming and completing all jobs.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;

static void check(int result, int wanted, const char *what) {
  if (result == wanted) return;
  fprintf(stderr, "queue_reference: %s: %s\n", what, sqlite3_errmsg(db));
  exit(1);
}

static void run(const char *sql) { check(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql); }

static sqlite3_stmt *prepare(const char *sql) {
  sqlite3_stmt *statement;
  check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, sql);
  return statement;
}

static void step(sqlite3_stmt *statement) {
  check(sqlite3_step(statement), SQLITE_DONE, "step");
  sqlite3_reset(statement);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static sqlite3_stmt *begin_statement, *commit_statement, *log_statement;

static void log_event(sqlite3_int64 job, long long at, const char *kind, int fence, sqlite3_int64 worker,
                      const char *detail) {
  sqlite3_bind_int64(log_statement, 1, job);
  sqlite3_bind_int64(log_statement, 2, at);
  sqlite3_bind_text(log_statement, 3, kind, -1, SQLITE_STATIC);
  if (fence > 0) {
    sqlite3_bind_int(log_statement, 4, fence);
    sqlite3_bind_int64(log_statement, 5, worker);
  } else {
    sqlite3_bind_null(log_statement, 4);
    sqlite3_bind_null(log_statement, 5);
  }
  if (detail) sqlite3_bind_text(log_statement, 6, detail, -1, SQLITE_STATIC);
  else sqlite3_bind_null(log_statement, 6);
  step(log_statement);
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: queue_reference DATABASE JOBS BATCH FULL|NORMAL\n");
    return 64;
  }
  int jobs = atoi(arguments[2]), batch = atoi(arguments[3]);
  check(sqlite3_open(arguments[1], &db), SQLITE_OK, "open");
  sqlite3_busy_timeout(db, 10000);
  run(strcmp(arguments[4], "FULL") == 0 ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  run("PRAGMA foreign_keys = ON");

  sqlite3_stmt *triggers = prepare("SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_master WHERE type = 'trigger'");
  if (sqlite3_step(triggers) == SQLITE_ROW && sqlite3_column_type(triggers, 0) != SQLITE_NULL) {
    char *drops = strdup((const char *)sqlite3_column_text(triggers, 0));
    sqlite3_finalize(triggers);
    run(drops);
    free(drops);
  }
  run("INSERT INTO workers (host, pid, boot_id, lock_name, version, steps, started_at, heartbeat_at)"
      " VALUES ('c', 1, 'b', lower(hex(randomblob(8))), '1', '[]', 1, 1)");
  sqlite3_int64 worker = sqlite3_last_insert_rowid(db);

  begin_statement = prepare("BEGIN IMMEDIATE");
  commit_statement = prepare("COMMIT");
  log_statement = prepare("INSERT INTO job_events (job_id, at, kind, fence, worker_id, detail) VALUES (?, ?, ?, ?, ?, ?)");
  sqlite3_stmt *insert = prepare(
      "INSERT INTO jobs (step, queue, parameters, max_attempts, max_crashes, created_at, available_at)"
      " VALUES ('noop', 'bench', ?, 3, 2, ?, ?)");
  sqlite3_stmt *find = prepare(
      "SELECT id FROM jobs WHERE state = 'available' AND queue IS NOT NULL AND queue = 'bench' AND step = 'noop'"
      " AND tenant = 'default' ORDER BY priority DESC, id LIMIT ?");
  sqlite3_stmt *claim = prepare(
      "UPDATE jobs SET state = 'running', fence = fence + 1, attempt = attempt + 1, worker_id = ?, started_at = ?"
      " WHERE id = ?");
  sqlite3_stmt *complete = prepare(
      "UPDATE jobs SET state = 'completed', outcome = 'done', result = '{}', progress = 1, finished_at = ?,"
      " worker_id = NULL WHERE id = ? AND fence = 1 AND state = 'running'");

  double started = seconds();
  for (int done = 0; done < jobs; done += batch) {
    long long now = milliseconds();
    step(begin_statement);
    for (int i = 0; i < batch; i++) {
      sqlite3_bind_text(insert, 1, "{}", -1, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 2, now);
      sqlite3_bind_int64(insert, 3, now);
      step(insert);
      log_event(sqlite3_last_insert_rowid(db), now, "enqueued", 0, 0, NULL);
    }
    step(commit_statement);
  }
  double enqueued = seconds();

  // Claim a batch, complete it, claim the next: as a worker does.
  double claiming = 0, completing = 0;
  sqlite3_int64 *ids = calloc((size_t)batch, sizeof *ids);
  for (int done = 0; done < jobs; done += batch) {
    double start = seconds();
    long long now = milliseconds();
    step(begin_statement);
    int found = 0;
    sqlite3_bind_int(find, 1, batch);
    while (sqlite3_step(find) == SQLITE_ROW) ids[found++] = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    for (int i = 0; i < found; i++) {
      sqlite3_bind_int64(claim, 1, worker);
      sqlite3_bind_int64(claim, 2, now);
      sqlite3_bind_int64(claim, 3, ids[i]);
      step(claim);
      log_event(ids[i], now, "started", 1, worker, "{\"attempt\":1}");
    }
    step(commit_statement);
    double claimed = seconds();
    step(begin_statement);
    for (int i = 0; i < found; i++) {
      sqlite3_bind_int64(complete, 1, now);
      sqlite3_bind_int64(complete, 2, ids[i]);
      step(complete);
      log_event(ids[i], now, "completed", 1, worker, NULL);
    }
    step(commit_statement);
    claiming += claimed - start;
    completing += seconds() - claimed;
  }
  printf("%.6f %.6f %.6f\n", enqueued - started, claiming, completing);
  return 0;
}
