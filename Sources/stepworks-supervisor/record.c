#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"

static const char record_name[] = "exit.json", temporary_name[] = "exit.json.tmp";

uint64_t oom_kill_count(void) {
  FILE *file = fopen("/proc/vmstat", "re");
  if (!file) return 0;
  char line[128];
  uint64_t count = 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "oom_kill %" SCNu64, &count) == 1) break;
  fclose(file);
  return count;
}

static int64_t microseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000 + time.tv_usec; }

bool write_record(int directory, const struct record *record) {
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);

  char ending[64] = "\"exit_status\":null,\"signal\":null";
  if (strcmp(record->reason, "start_failed") == 0) {
    // The tool never ran: the status is that of our own child.
  } else if (WIFEXITED(record->wait_status)) {
    snprintf(ending, sizeof ending, "\"exit_status\":%d,\"signal\":null", WEXITSTATUS(record->wait_status));
  } else if (WIFSIGNALED(record->wait_status)) {
    snprintf(ending, sizeof ending, "\"exit_status\":null,\"signal\":%d", WTERMSIG(record->wait_status));
  }
  char text[2048];
  int length = snprintf(
      text, sizeof text,
      "{\"run\":\"%s\",%s,\"reason\":\"%s\",\"error\":\"%s\",\"peak_rss_bytes\":%" PRId64 ",\"user_cpu_us\":%" PRId64
      ",\"system_cpu_us\":%" PRId64 ",\"started_at_ms\":%" PRId64 ",\"wall_us\":%" PRId64
      ",\"stray_descendants_killed\":%zu,\"oom_kills\":%" PRIu64 ",\"cgroup_oom_kills\":%" PRIu64
      ",\"cgroup_error\":\"%s\",\"tree_empty\":true}\n",
      record->run_id, ending, record->reason, record->error, (int64_t)usage.ru_maxrss * 1024,
      microseconds(usage.ru_utime), microseconds(usage.ru_stime), record->started_at_ms, record->wall_us,
      record->stray_descendants_killed, record->oom_kills, record->cgroup_oom_kills, record->cgroup_error);
  if (length < 0 || (size_t)length >= sizeof text) {
    errno = EOVERFLOW;
    return false;
  }

  // The tool may have left something under this name; it is not followed.
  unlinkat(directory, temporary_name, 0);
  int file = openat(directory, temporary_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) return false;
  bool written = write_all(file, text, (size_t)length) && fsync(file) == 0;
  int error = errno;
  close(file);
  errno = error;
  return written && renameat(directory, temporary_name, directory, record_name) == 0;
}
