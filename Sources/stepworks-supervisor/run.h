// One supervised run: what the files that start, watch and end it share.
#ifndef STEPWORKS_RUN_H
#define STEPWORKS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "options.h"
#include "output.h"
#include "record.h"
#include "tool.h"

// The tool runs; it was asked to end; it and all that is left are killed until nothing is.
enum phase { RUNNING, TERMINATING, KILLING };

struct run {
  const struct options *options;
  int daemon, signals, directory;
  int orders;  // the line from the daemon; -1 once it is closed
  struct tool tool;
  struct cgroup cgroup;
  struct output output;
  struct record record;
  enum phase phase;
  bool is_resting;  // a fed tool between two requests: neither limit in time counts
  int64_t started_us, busy_since_ms, last_output_ms, deadline_ms, kill_interval_ms;
};

#endif
