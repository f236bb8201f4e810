// The tool itself: a child in a session of its own, with limits, a clean start and nothing inherited.
#ifndef STEPWORKS_TOOL_H
#define STEPWORKS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroup.h"
#include "options.h"

struct tool {
  pid_t pid;
  int standard_input;                   // writing end, not blocking; -1 when the tool gets none
  int standard_output, standard_error;  // reading ends, not blocking
  int start_error;                      // says why the tool could not be executed; closes when it is
};

// False with errno when there is no child.
bool start_tool(struct tool *tool, const struct options *options, const struct cgroup *cgroup);

// After the child's end: whether it failed before the tool was executed, and why, as one line.
bool read_start_error(const struct tool *tool, char *text, size_t size);

#endif
