#include "reap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "exit_codes.h"
#include "processes.h"

enum {
  // A process that is just executing has no environment for a moment, and one that is just forked may be missed by a
  // scan: one clean scan is luck, two with a pause between them are not.
  CLEAN_SCANS = 2,
  SCAN_INTERVAL_MS = 5,
};

struct victim {
  pid_t pid;
  int descriptor;  // -1 when it is dead
};

struct reaping {
  char marker[256], cgroup_name[256];
  struct process_list list;
  struct victim *victims;
  size_t count, capacity;
  bool supervisor_found;
};

// Reads in pieces: an environment can be megabytes long.
static bool carries_marker(pid_t pid, const char *marker) {
  char path[64], bytes[16384];
  snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  size_t length = strlen(marker) + 1, matched = 0;  // the ending NUL must match too
  bool in_step = true, found = false;
  ssize_t count;
  while (!found && (count = read(file, bytes, sizeof bytes)) > 0) {
    for (ssize_t i = 0; i < count && !found; i++) {
      in_step = in_step && matched < length && bytes[i] == marker[matched];
      matched++;
      found = in_step && matched == length;
      if (bytes[i] == '\0') {
        in_step = true;
        matched = 0;
      }
    }
  }
  close(file);
  return found;
}

// Whoever asks is not part of the run, and the first process of a container never is.
static bool is_out_of_bounds(const struct process *process) {
  return process->pid <= 1 || process->pid == getpid() || process->pid == getppid() || is_zombie(process);
}

// By its environment, which a process may replace, or by its cgroup, which it can't leave.
static bool is_of_run(const struct reaping *reaping, pid_t pid) {
  return carries_marker(pid, reaping->marker) || is_in_cgroup(pid, reaping->cgroup_name);
}

// Chooses the processes of the run; returns how many live.
static size_t find(struct reaping *reaping) {
  struct process_list *list = &reaping->list;
  if (!scan_processes(list)) {
    fprintf(stderr, "stepworks-supervisor: can't list the processes in /proc: %s\n", strerror(errno));
    exit(EXIT_SYSTEM);
  }
  for (size_t i = 0; i < list->count; i++) {
    struct process *process = &list->items[i];
    process->chosen = !is_out_of_bounds(process) && is_of_run(reaping, process->pid);
  }
  choose_relatives(list);
  size_t found = 0;
  for (size_t i = 0; i < list->count; i++) {
    struct process *process = &list->items[i];
    process->chosen = process->chosen && !is_out_of_bounds(process);
    if (process->chosen) found++;
  }
  return found;
}

static bool is_supervisor(const struct process *process) {
  char path[64];
  struct stat its, ours;
  snprintf(path, sizeof path, "/proc/%d/exe", (int)process->pid);
  return stat(path, &its) == 0 && stat("/proc/self/exe", &ours) == 0 && its.st_ino == ours.st_ino &&
         its.st_dev == ours.st_dev;
}

static bool has_ended(int descriptor, int64_t timeout_ms) {
  struct pollfd one = {.fd = descriptor, .events = POLLIN};
  return poll(&one, 1, timeout_ms > 0 ? (int)timeout_ms : 0) > 0;
}

// A supervisor ends its run better than anybody else: it reaps, and it writes the record.
static void let_supervisors_finish(struct reaping *reaping, int64_t patience_ms) {
  int64_t deadline = monotonic_ms() + patience_ms;
  find(reaping);
  for (size_t i = 0; i < reaping->list.count; i++) {
    const struct process *process = &reaping->list.items[i];
    if (!process->chosen || !is_supervisor(process)) continue;
    int descriptor = open_process(process);
    if (descriptor < 0) continue;
    reaping->supervisor_found = true;
    syscall(SYS_pidfd_send_signal, descriptor, SIGQUIT, NULL, 0);
    syscall(SYS_pidfd_send_signal, descriptor, SIGCONT, NULL, 0);  // somebody may have stopped it
    has_ended(descriptor, deadline - monotonic_ms());
    close(descriptor);
  }
}

static void kill_victim(struct reaping *reaping, const struct process *process) {
  for (size_t i = 0; i < reaping->count; i++)
    if (reaping->victims[i].pid == process->pid && reaping->victims[i].descriptor >= 0) return;
  int descriptor = open_process(process);
  if (descriptor < 0) return;
  if (reaping->count == reaping->capacity) {
    size_t capacity = reaping->capacity ? reaping->capacity * 2 : 64;
    struct victim *victims = realloc(reaping->victims, capacity * sizeof *victims);
    if (!victims) {
      close(descriptor);
      return;  // the next scan finds it again
    }
    reaping->victims = victims;
    reaping->capacity = capacity;
  }
  syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0);
  reaping->victims[reaping->count++] = (struct victim){.pid = process->pid, .descriptor = descriptor};
}

static size_t forget_the_dead(struct reaping *reaping) {
  size_t living = 0;
  for (size_t i = 0; i < reaping->count; i++) {
    struct victim *victim = &reaping->victims[i];
    if (victim->descriptor < 0) continue;
    if (has_ended(victim->descriptor, 0)) {
      close(victim->descriptor);
      victim->descriptor = -1;
    } else {
      living++;
    }
  }
  return living;
}

static void print_pids(const char *name, const struct reaping *reaping, bool only_living) {
  printf("\"%s\":[", name);
  const char *separator = "";
  for (size_t i = 0; i < reaping->count; i++) {
    if (only_living && reaping->victims[i].descriptor < 0) continue;
    printf("%s%d", separator, (int)reaping->victims[i].pid);
    separator = ",";
  }
  printf("]");
}

int reap_run(const struct options *options) {
  struct reaping reaping = {0};
  snprintf(reaping.marker, sizeof reaping.marker, "%s=%s", RUN_VARIABLE, options->reap_run_id);
  snprintf(reaping.cgroup_name, sizeof reaping.cgroup_name, "%s%s", CGROUP_PREFIX, options->reap_run_id);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // a descriptor a victim
    setrlimit(RLIMIT_NOFILE, &files);
  }

  let_supervisors_finish(&reaping, options->supervisor_patience_ms);
  char cgroup_path[PATH_MAX];
  struct cgroup cgroup;
  cgroup_find(&cgroup, reaping.cgroup_name, cgroup_path);
  int64_t deadline = monotonic_ms() + options->kill_patience_ms;
  size_t living = 0;
  for (int clean = 0; clean < CLEAN_SCANS;) {
    size_t found = find(&reaping);
    for (size_t i = 0; i < reaping.list.count; i++)
      if (reaping.list.items[i].chosen) kill_victim(&reaping, &reaping.list.items[i]);
    if (found > 0) cgroup_kill(&cgroup);
    living = forget_the_dead(&reaping);
    clean = found == 0 && living == 0 ? clean + 1 : 0;
    if (clean == 0 && monotonic_ms() >= deadline) {
      if (living == 0) living = found;
      break;
    }
    if (clean < CLEAN_SCANS) poll(NULL, 0, SCAN_INTERVAL_MS);
  }

  if (living == 0) cgroup_remove(&cgroup);
  printf("{\"supervisor_found\":%s,", reaping.supervisor_found ? "true" : "false");
  print_pids("killed", &reaping, false);
  printf(",");
  print_pids("remaining", &reaping, true);
  printf("}\n");
  return living == 0 ? EXIT_RECORDED : EXIT_NOT_REAPED;
}
