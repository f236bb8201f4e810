/// Schema version 4: how long the runs of each step took, phase by phase.
///
/// Each worker adds what it measured to the rows of the minute. Minutes become hours, hours days, by adding their
/// histograms, so the table stays small and no count is lost.
enum SchemaVersion4 {
  static let sql = """
    CREATE TABLE latency_histograms (
      -- How long the row's interval is: a minute, an hour, a day of UTC.
      seconds INTEGER NOT NULL CHECK (seconds IN (60, 3600, 86400)),
      starts_at INTEGER NOT NULL CHECK (starts_at >= 0 AND starts_at % (seconds * 1000) = 0),
      step TEXT NOT NULL,
      -- wait, start, settle, run, total, or a phase that the step named.
      phase TEXT NOT NULL CHECK (length(phase) BETWEEN 1 AND 32),
      outcome TEXT NOT NULL CHECK (\(SchemaTables.isOneOf(
        "outcome", "done", "cached", "skipped", "retry_scheduled", "snoozed", "awaiting", "released", "failed",
        "cancelled"))),
      -- Of the durations that were recorded: their number, and sum and greatest in microseconds.
      count INTEGER NOT NULL CHECK (count > 0),
      sum_us INTEGER NOT NULL CHECK (sum_us >= 0),
      max_us INTEGER NOT NULL CHECK (max_us BETWEEN 0 AND sum_us),
      -- In the encoding V2 of HdrHistogram, uncompressed: microseconds, three significant digits.
      histogram BLOB NOT NULL CHECK (length(histogram) > 40),
      -- Whoever asks for one phase, as forecasts do every ten seconds, reads one stretch of the table.
      PRIMARY KEY (phase, seconds, starts_at, step, outcome)
    ) STRICT, WITHOUT ROWID;
    """
}
