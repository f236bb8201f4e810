// A cgroup for one run: memory that the kernel bounds, and a mark that no process of the run can take off.
//
// Both hierarchies are known: version 2, and version 1 with the memory controller. A cgroup that can't be made or
// limited never fails a run; exit.json says why there was none.
#ifndef STEPWORKS_CGROUP_H
#define STEPWORKS_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The cgroup of run ID is called CGROUP_PREFIX ID.
#define CGROUP_PREFIX "stepworks-"

struct cgroup {
  const char *path;  // NULL: none
  int directory;
  int members;       // cgroup.procs, for whoever enters
  char error[256];   // why there is none, or why its limit does not hold; plain ASCII without quotes
};

// Makes a fresh cgroup; path NULL makes none. 0 bytes: no limit.
void cgroup_create(struct cgroup *cgroup, const char *path, uint64_t memory_bytes);

// Moves the calling process into it.
bool cgroup_enter(const struct cgroup *cgroup);

// How many of its processes the kernel has killed because the limit was reached.
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);

// SIGKILL to all its processes in one step, where the kernel can (version 2, Linux 5.14).
void cgroup_kill(const struct cgroup *cgroup);

// Removes it and what was made in it, once no process is left.
void cgroup_remove(struct cgroup *cgroup);

// Whether a process is in the cgroup of that name, or below it.
bool is_in_cgroup(pid_t pid, const char *name);

// Opens the cgroup of that name wherever it is mounted. False when there is none.
bool cgroup_find(struct cgroup *cgroup, const char *name, char path[PATH_MAX]);

#endif
