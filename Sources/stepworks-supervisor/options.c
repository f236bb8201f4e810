#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity.h"
#include "exit_codes.h"

static const char usage[] =
    "usage: stepworks-supervisor --parent PID --run ID --log-directory DIR --working-directory DIR\n"
    "         [--address-space-bytes N] [--cpu-seconds N] [--file-size-bytes N] [--wall-ms N] [--silence-ms N]\n"
    "         [--grace-ms N] [--message-bytes N] [--message-line-bytes N] [--log-bytes N] [--processors LIST]\n"
    "         [--cgroup DIR [--memory-bytes N]] [--input-line-bytes N] -- TOOL [ARGUMENT…]\n"
    "       stepworks-supervisor --reap ID [--supervisor-patience-ms N] [--kill-patience-ms N]\n"
    "\n"
    "Starts TOOL when it reads 'g' on standard input, ends it on 't', at SIGTERM, when standard input closes or\n"
    "when process PID dies; writes a byte to standard output when messages.jsonl has grown. STEPWORKS_RUN=ID must\n"
    "be in the environment; TOOL gets the environment as it is. With --input-line-bytes TOOL takes requests: 'l' and\n"
    "a line hands it one, 'i' says that it was answered, 'c' closes TOOL's standard input.\n"
    "With --reap it kills every process that carries STEPWORKS_RUN=ID and reports on standard output.\n";

static _Noreturn void refuse(const char *what, const char *detail) {
  fprintf(stderr, "stepworks-supervisor: %s%s\n%s", what, detail ? detail : "", usage);
  exit(EXIT_USAGE);
}

static int64_t number(const char *name, const char *text) {
  char *end = NULL;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < 0) refuse("not a number: --", name);
  // Far beyond any limit that means something, and sums of a few of them don't overflow.
  return value < INT64_MAX / 8 ? value : INT64_MAX / 8;
}

struct options parse_options(int count, char **arguments) {
  struct options options = {
      .grace_ms = 10000,
      .message_bytes = 8 << 20,
      .message_line_bytes = 1 << 20,
      .log_bytes = 8 << 20,
      .supervisor_patience_ms = 5000,
      .kill_patience_ms = 10000,
  };
  int64_t parent = 0;
  const char *processors = NULL;
  // One row an option: where its text or its number goes.
  const struct {
    const char *name;
    const char **text;
    void *number;
  } rows[] = {
      {"run", &options.run_id, NULL},
      {"reap", &options.reap_run_id, NULL},
      {"log-directory", &options.log_directory, NULL},
      {"working-directory", &options.working_directory, NULL},
      {"cgroup", &options.cgroup, NULL},
      {"processors", &processors, NULL},
      {"parent", NULL, &parent},
      {"memory-bytes", NULL, &options.memory_bytes},
      {"input-line-bytes", NULL, &options.input_line_bytes},
      {"address-space-bytes", NULL, &options.address_space_bytes},
      {"cpu-seconds", NULL, &options.cpu_seconds},
      {"file-size-bytes", NULL, &options.file_size_bytes},
      {"wall-ms", NULL, &options.wall_ms},
      {"silence-ms", NULL, &options.silence_ms},
      {"grace-ms", NULL, &options.grace_ms},
      {"message-bytes", NULL, &options.message_bytes},
      {"message-line-bytes", NULL, &options.message_line_bytes},
      {"log-bytes", NULL, &options.log_bytes},
      {"supervisor-patience-ms", NULL, &options.supervisor_patience_ms},
      {"kill-patience-ms", NULL, &options.kill_patience_ms},
  };
  enum { row_count = sizeof rows / sizeof rows[0] };
  struct option longs[row_count + 1] = {0};
  for (int row = 0; row < row_count; row++) longs[row] = (struct option){rows[row].name, required_argument, NULL, 0};

  int row = 0;
  int got;
  while ((got = getopt_long(count, arguments, "+", longs, &row)) != -1) {
    if (got != 0) refuse("unknown option", NULL);
    if (rows[row].text) {
      *rows[row].text = optarg;
    } else {
      int64_t value = number(rows[row].name, optarg);
      memcpy(rows[row].number, &value, sizeof value);
    }
  }
  options.parent = (pid_t)parent;
  options.command = arguments + optind;
  if (options.reap_run_id) {
    if (*options.reap_run_id == '\0') refuse("the run id is empty", NULL);
    return options;
  }

  const char *marker = getenv(RUN_VARIABLE);
  if (!options.run_id || !marker || strcmp(marker, options.run_id) != 0)
    refuse("--run is missing or is not what the environment says: ", RUN_VARIABLE);
  if (parent <= 0 || !options.log_directory || !options.working_directory || optind >= count)
    refuse("--parent, --log-directory, --working-directory and a tool are needed", NULL);
  options.has_processors = processors != NULL;
  if (processors && !parse_processors(processors, &options.processors)) refuse("no list of processors: ", processors);
  if (options.input_line_bytes > PIPE_BUF) refuse("--input-line-bytes is larger than a pipe takes at once", NULL);
  if (options.command[0][0] != '/') refuse("the tool's path is not absolute: ", options.command[0]);
  return options;
}
