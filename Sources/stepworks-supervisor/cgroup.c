#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "output.h"

enum {
  REMOVAL_PATIENCE_MS = 1000,  // the kernel lets a process go a moment after it was reaped
  REMOVAL_INTERVAL_MS = 2,
  DEEPEST = 16,                // cgroups in cgroups
};

static bool has(const struct cgroup *cgroup, const char *file) {
  return faccessat(cgroup->directory, file, F_OK, 0) == 0;
}

static bool set(const struct cgroup *cgroup, const char *name, const char *value) {
  int file = openat(cgroup->directory, name, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool written = write_all(file, value, strlen(value));
  int error = errno;
  close(file);
  errno = error;
  return written;
}

static void complain(struct cgroup *cgroup, const char *what) {
  snprintf(cgroup->error, sizeof cgroup->error, "%s: %s", what, strerror(errno));
}

static void limit_memory(struct cgroup *cgroup, uint64_t bytes) {
  char text[32];
  snprintf(text, sizeof text, "%" PRIu64, bytes);
  bool is_unified = has(cgroup, "memory.max");
  if (!set(cgroup, is_unified ? "memory.max" : "memory.limit_in_bytes", text))
    return complain(cgroup, "the memory of the cgroup can't be limited");
  if (is_unified) {
    // Swap would only delay the end, and half a tool is none. A kernel without swap lacks the first of these files.
    set(cgroup, "memory.swap.max", "0");
    set(cgroup, "memory.oom.group", "1");
  } else {
    set(cgroup, "memory.swappiness", "0");
    set(cgroup, "memory.memsw.limit_in_bytes", text);
  }
}

void cgroup_create(struct cgroup *cgroup, const char *path, uint64_t memory_bytes) {
  *cgroup = (struct cgroup){.directory = -1, .members = -1};
  if (!path) return;
  if (mkdir(path, 0755) != 0) return complain(cgroup, "the cgroup can't be made");
  cgroup->path = path;
  cgroup->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cgroup->members = openat(cgroup->directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (cgroup->members < 0) {
    complain(cgroup, "the cgroup can't be entered");
    cgroup_remove(cgroup);
    return;
  }
  if (memory_bytes) limit_memory(cgroup, memory_bytes);
}

bool cgroup_enter(const struct cgroup *cgroup) { return cgroup->members < 0 || write_all(cgroup->members, "0", 1); }

uint64_t cgroup_oom_kills(const struct cgroup *cgroup) {
  if (!cgroup->path) return 0;
  int file = openat(cgroup->directory, has(cgroup, "memory.events") ? "memory.events" : "memory.oom_control",
                    O_RDONLY | O_CLOEXEC);
  FILE *lines = file < 0 ? NULL : fdopen(file, "r");
  if (!lines) {
    if (file >= 0) close(file);
    return 0;
  }
  char line[128];
  uint64_t count = 0;
  while (fgets(line, sizeof line, lines))
    if (sscanf(line, "oom_kill %" SCNu64, &count) == 1) break;
  fclose(lines);
  return count;
}

void cgroup_kill(const struct cgroup *cgroup) {
  // Version 1 has no such file: there the processes are found one by one.
  if (cgroup->path) set(cgroup, "cgroup.kill", "1");
}

// A tool with the right to do so may have made cgroups of its own.
static void remove_below(int directory, int depth) {
  int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = again < 0 ? NULL : fdopendir(again);
  if (!entries) {
    if (again >= 0) close(again);
    return;
  }
  struct dirent *entry;
  while ((entry = readdir(entries))) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    int below = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0 && depth < DEEPEST) remove_below(below, depth + 1);
    if (below >= 0) close(below);
    unlinkat(directory, entry->d_name, AT_REMOVEDIR);
  }
  closedir(entries);
}

void cgroup_remove(struct cgroup *cgroup) {
  if (!cgroup->path) return;
  int64_t deadline = monotonic_ms() + REMOVAL_PATIENCE_MS;
  while (rmdir(cgroup->path) != 0 && errno == EBUSY) {
    if (monotonic_ms() >= deadline) {
      complain(cgroup, "the cgroup can't be removed");
      break;
    }
    remove_below(cgroup->directory, 0);
    poll(NULL, 0, REMOVAL_INTERVAL_MS);
  }
  if (cgroup->directory >= 0) close(cgroup->directory);
  if (cgroup->members >= 0) close(cgroup->members);
  cgroup->path = NULL;
}

bool is_in_cgroup(pid_t pid, const char *name) {
  char path[64], line[PATH_MAX];
  snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
  FILE *lines = fopen(path, "re");
  if (!lines) return false;
  bool found = false;
  size_t length = strlen(name);
  while (!found && fgets(line, sizeof line, lines)) {
    for (const char *at = line; !found && (at = strstr(at, name)); at += length)
      found = at > line && at[-1] == '/' && (at[length] == '\n' || at[length] == '/');
  }
  fclose(lines);
  return found;
}

static bool find_below(char *path, size_t length, const char *name, int depth) {
  DIR *entries = opendir(path);
  if (!entries) return false;
  bool found = false;
  struct dirent *entry;
  while (!found && depth < DEEPEST && (entry = readdir(entries))) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    size_t more = strlen(entry->d_name) + 1;
    if (length + more >= PATH_MAX) continue;
    snprintf(path + length, PATH_MAX - length, "/%s", entry->d_name);
    found = strcmp(entry->d_name, name) == 0 || find_below(path, length + more, name, depth + 1);
    if (!found) path[length] = '\0';
  }
  closedir(entries);
  return found;
}

bool cgroup_find(struct cgroup *cgroup, const char *name, char path[PATH_MAX]) {
  *cgroup = (struct cgroup){.directory = -1, .members = -1};
  FILE *mounts = fopen("/proc/self/mounts", "re");
  if (!mounts) return false;
  char line[PATH_MAX + 512], type[32], options[512];
  while (!cgroup->path && fgets(line, sizeof line, mounts)) {
    if (sscanf(line, "%*s %4095s %31s %511s", path, type, options) != 3) continue;
    if (strcmp(type, "cgroup2") != 0 && (strcmp(type, "cgroup") != 0 || !strstr(options, "memory"))) continue;
    if (find_below(path, strlen(path), name, 0)) cgroup->path = path;
  }
  fclose(mounts);
  if (!cgroup->path) return false;
  cgroup->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return true;
}
