// The command line: everything a run needs, so that it goes on without the daemon.
#ifndef STEPWORKS_OPTIONS_H
#define STEPWORKS_OPTIONS_H

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Every process of a run has STEPWORKS_RUN=<run id> in its environment.
#define RUN_VARIABLE "STEPWORKS_RUN"

struct options {
  const char *run_id;
  const char *reap_run_id;  // set: find and kill the processes of this run instead of starting one

  pid_t parent;  // the daemon; its death ends the run at once
  const char *log_directory;
  const char *working_directory;
  uint64_t address_space_bytes, cpu_seconds, file_size_bytes;  // 0: unlimited
  const char *cgroup;                                          // made for the run; NULL: none
  uint64_t memory_bytes;                                       // of all processes, by the cgroup; 0: unlimited
  bool has_processors;
  cpu_set_t processors;
  uint64_t input_line_bytes;  // longest line for the tool's standard input, PIPE_BUF at most; 0: it gets /dev/null
  int64_t wall_ms, silence_ms;                                 // 0: unlimited
  int64_t grace_ms;                                            // between SIGTERM and SIGKILL
  uint64_t message_bytes, message_line_bytes, log_bytes;
  char **command;  // absolute path and arguments, ends with NULL

  int64_t supervisor_patience_ms, kill_patience_ms;  // reaping only
};

// Ends the process with EXIT_USAGE and a line on standard error when the command line is wrong.
struct options parse_options(int count, char **arguments);

#endif
