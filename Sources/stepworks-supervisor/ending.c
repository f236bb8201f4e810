#include "ending.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "processes.h"

enum {
  STRAY_GRACE_MS = 1000,         // for what a tool leaves behind after it ended by itself
  FIRST_KILL_INTERVAL_MS = 5,    // doubles until
  LONGEST_KILL_INTERVAL_MS = 500,
};

static int poll_timeout(int64_t milliseconds) {
  if (milliseconds < 0) return 0;
  return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

void stop(struct run *run, const char *reason, int64_t grace_ms) {
  if (run->phase != RUNNING) return;
  run->record.reason = reason;
  run->phase = TERMINATING;
  run->deadline_ms = monotonic_ms() + grace_ms;
  signal_descendants(SIGTERM);
}

void kill_everything(struct run *run) {
  if (run->phase != KILLING) run->kill_interval_ms = FIRST_KILL_INTERVAL_MS;
  run->phase = KILLING;
  cgroup_kill(&run->cgroup);
  // First the whole tree at once, then what it had started meanwhile: as its parents die it becomes our own child.
  signal_descendants(SIGKILL);
  kill_children();
  run->deadline_ms = monotonic_ms() + run->kill_interval_ms;
  if (run->kill_interval_ms < LONGEST_KILL_INTERVAL_MS) run->kill_interval_ms *= 2;
}

void daemon_died(struct run *run) {
  close(run->daemon);
  run->daemon = -1;
  if (run->phase == RUNNING) run->record.reason = "daemon_died";
  kill_everything(run);
}

// The tool ended by itself or on request; children are left.
static void end_strays(struct run *run) {
  run->record.stray_descendants_killed = count_descendants();
  int64_t grace = run->options->grace_ms < STRAY_GRACE_MS ? run->options->grace_ms : STRAY_GRACE_MS;
  stop(run, "exited", grace);
}

// It refused its input because it was dying: then its own end says more.
static void explain_refusal(struct run *run) {
  int status = run->record.wait_status;
  bool was_asked = WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGKILL);
  if (strcmp(run->record.reason, "input_refused") == 0 && !was_asked) run->record.reason = "exited";
}

bool reap(struct run *run) {
  bool leader_ended = false;
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return false;
    if (pid == 0) break;
    if (pid != run->tool.pid) continue;
    leader_ended = true;
    run->record.wait_status = status;
    explain_refusal(run);
  }
  if (leader_ended) end_strays(run);
  if (run->phase == KILLING) kill_children();
  return true;
}

static int64_t earlier(int64_t first, int64_t second) { return first < second ? first : second; }

int enforce(struct run *run) {
  const struct options *options = run->options;
  int64_t now = monotonic_ms();
  if (run->phase == RUNNING) {
    int64_t next = INT64_MAX;
    if (run->output.limit_exceeded) stop(run, "output_limit", options->grace_ms);
    if (run->output.lost_errno) stop(run, "output_lost", options->grace_ms);
    if (options->wall_ms && !run->is_resting) {
      int64_t left = run->busy_since_ms + options->wall_ms - now;
      if (left <= 0) stop(run, "wall_clock", options->grace_ms);
      next = earlier(next, left);
    }
    if (options->silence_ms && !run->is_resting) {
      int64_t left = run->last_output_ms + options->silence_ms - now;
      if (left <= 0) stop(run, "silence", options->grace_ms);
      next = earlier(next, left);
    }
    if (run->phase == RUNNING) return poll_timeout(next);
  }
  if (now >= run->deadline_ms) kill_everything(run);
  return poll_timeout(run->deadline_ms - now);
}
