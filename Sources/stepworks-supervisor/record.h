// exit.json: the last word about a run, there completely or not at all.
#ifndef STEPWORKS_RECORD_H
#define STEPWORKS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record {
  const char *run_id;
  const char *reason;  // exited, wall_clock, silence, output_limit, output_lost, input_refused, terminated,
                       // daemon_died, start_failed
  int wait_status;     // of the tool, as wait(2) gives it
  char error[256];     // for start_failed and output_lost; plain ASCII without quotes
  int64_t started_at_ms, wall_us;
  size_t stray_descendants_killed;
  uint64_t oom_kills;         // by the kernel on this host during the run
  uint64_t cgroup_oom_kills;  // of this run, because its limit was reached
  const char *cgroup_error;   // why the run had no cgroup, or no limit
};

// Adds memory and CPU time of all reaped children. False with errno.
bool write_record(int directory, const struct record *record);

// How often the kernel's out-of-memory killer has struck since boot.
uint64_t oom_kill_count(void);

#endif
