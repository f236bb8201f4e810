#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "exit_codes.h"
#include "output.h"
#include "processes.h"
#include "record.h"
#include "tool.h"

enum {
  STRAY_GRACE_MS = 1000,         // for what a tool leaves behind after it ended by itself
  FIRST_KILL_INTERVAL_MS = 5,    // doubles until
  LONGEST_KILL_INTERVAL_MS = 500,
  READ_SIZE = 64 * 1024,
  READS_A_TURN = 4,              // so that a flood of output can't keep signals and deadlines waiting
};

// The tool runs; it was asked to end; it and all that is left are killed until nothing is.
enum phase { RUNNING, TERMINATING, KILLING };

struct run {
  const struct options *options;
  int daemon, signals, directory;
  struct tool tool;
  struct output output;
  struct record record;
  enum phase phase;
  int64_t started_us, last_output_ms, deadline_ms, kill_interval_ms;
};

static int poll_timeout(int64_t milliseconds) {
  if (milliseconds < 0) return 0;
  return milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
}

static void stop(struct run *run, const char *reason, int64_t grace_ms) {
  if (run->phase != RUNNING) return;
  run->record.reason = reason;
  run->phase = TERMINATING;
  run->deadline_ms = monotonic_ms() + grace_ms;
  signal_descendants(SIGTERM);
}

static void kill_everything(struct run *run) {
  if (run->phase != KILLING) run->kill_interval_ms = FIRST_KILL_INTERVAL_MS;
  run->phase = KILLING;
  // First the whole tree at once, then what it had started meanwhile: as its parents die it becomes our own child.
  signal_descendants(SIGKILL);
  kill_children();
  run->deadline_ms = monotonic_ms() + run->kill_interval_ms;
  if (run->kill_interval_ms < LONGEST_KILL_INTERVAL_MS) run->kill_interval_ms *= 2;
}

static void daemon_died(struct run *run) {
  close(run->daemon);
  run->daemon = -1;
  if (run->phase == RUNNING) run->record.reason = "daemon_died";
  kill_everything(run);  // no grace: nobody will use the output
}

// The tool ended by itself or on request; children are left.
static void end_strays(struct run *run) {
  run->record.stray_descendants_killed = count_descendants();
  int64_t grace = run->options->grace_ms < STRAY_GRACE_MS ? run->options->grace_ms : STRAY_GRACE_MS;
  stop(run, "exited", grace);
}

// False when no child is left: the proof that nothing of the run is, for whatever loses its parent becomes our child.
static bool reap(struct run *run) {
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
  }
  if (leader_ended) end_strays(run);
  if (run->phase == KILLING) kill_children();
  return true;
}

static void read_pipe(struct run *run, int *pipe, void (*take)(struct output *, const char *, size_t)) {
  static char bytes[READ_SIZE];
  for (int turn = 0; turn < READS_A_TURN && *pipe >= 0; turn++) {
    ssize_t count = read(*pipe, bytes, sizeof bytes);
    if (count > 0) {
      take(&run->output, bytes, (size_t)count);
      run->last_output_ms = monotonic_ms();
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && errno == EAGAIN) {
      return;
    } else {
      close(*pipe);
      *pipe = -1;
    }
  }
}

static void read_order(struct run *run, int *input) {
  char order;
  ssize_t count = read(*input, &order, 1);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count == 1) {
    if (order == 't') stop(run, "terminated", run->options->grace_ms);
    return;
  }
  // The daemon keeps its end open as long as it lives.
  *input = -1;
  daemon_died(run);
}

static void read_signals(struct run *run) {
  struct signalfd_siginfo info;
  while (read(run->signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGTERM) stop(run, "terminated", run->options->grace_ms);
    if (info.ssi_signo == SIGQUIT) {  // a daemon that takes over can't wait for a grace
      stop(run, "terminated", 0);
      kill_everything(run);
    }
  }
}

static int64_t earlier(int64_t first, int64_t second) { return first < second ? first : second; }

// Enforces what time and output decide; returns the milliseconds until the next such moment.
static int enforce(struct run *run) {
  const struct options *options = run->options;
  int64_t now = monotonic_ms();
  if (run->phase == RUNNING) {
    int64_t next = INT64_MAX;
    if (run->output.limit_exceeded) stop(run, "output_limit", options->grace_ms);
    if (run->output.lost_errno) stop(run, "output_lost", options->grace_ms);
    if (options->wall_ms) {
      int64_t left = run->started_us / 1000 + options->wall_ms - now;
      if (left <= 0) stop(run, "wall_clock", options->grace_ms);
      next = earlier(next, left);
    }
    if (options->silence_ms) {
      int64_t left = run->last_output_ms + options->silence_ms - now;
      if (left <= 0) stop(run, "silence", options->grace_ms);
      next = earlier(next, left);
    }
    if (run->phase == RUNNING) return poll_timeout(next);
  }
  if (now >= run->deadline_ms) kill_everything(run);
  return poll_timeout(run->deadline_ms - now);
}

// Tells the daemon that messages.jsonl has grown, so that it need not look all the time. Never waits: when there is no
// room for another byte, the daemon has not read the earlier ones and will look anyway.
static void ring(struct run *run) {
  struct pollfd bell = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (!run->output.has_news || poll(&bell, 1, 0) <= 0 || !(bell.revents & POLLOUT)) return;
  ssize_t ignored = write(STDOUT_FILENO, "\n", 1);
  (void)ignored;
  run->output.has_news = false;
}

static void watch(struct run *run) {
  int input = STDIN_FILENO;
  while (reap(run)) {
    int timeout = enforce(run);
    struct pollfd polls[] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->daemon, .events = POLLIN},
        {.fd = input, .events = POLLIN},
        {.fd = run->tool.standard_output, .events = POLLIN},
        {.fd = run->tool.standard_error, .events = POLLIN},
    };
    if (poll(polls, sizeof polls / sizeof polls[0], timeout) < 0) continue;
    if (polls[0].revents) read_signals(run);
    if (polls[1].revents) daemon_died(run);
    if (polls[2].revents) read_order(run, &input);
    if (polls[3].revents) read_pipe(run, &run->tool.standard_output, take_standard_output);
    if (polls[4].revents) read_pipe(run, &run->tool.standard_error, take_standard_error);
    ring(run);
  }
  // All writers are dead, so what is in the pipes now is all there will be. A stranger that was handed a writing end
  // gets no more than this one look.
  read_pipe(run, &run->tool.standard_output, take_standard_output);
  read_pipe(run, &run->tool.standard_error, take_standard_error);
  finish_output(&run->output);
}

// True at "go"; false when the daemon is gone or has changed its mind.
static bool wait_for_go(const struct run *run) {
  for (;;) {
    struct pollfd polls[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = run->daemon, .events = POLLIN},
        {.fd = run->signals, .events = POLLIN},
    };
    if (poll(polls, 3, -1) < 0) continue;
    if (polls[1].revents || polls[2].revents) return false;
    char order = 0;
    ssize_t count = read(STDIN_FILENO, &order, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return count == 1 && order == 'g';
  }
}

static int failed(const char *what, int code) {
  fprintf(stderr, "stepworks-supervisor: %s: %s\n", what, strerror(errno));
  return code;
}

// Signals a supervisor answers to come through a descriptor; those that only a terminal or an accident sends, and a
// full disk or a lost reader, are ignored.
static int open_signals(void) {
  const int ignored[] = {SIGHUP, SIGINT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ};
  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) signal(ignored[i], SIG_IGN);
  signal(SIGCHLD, SIG_DFL);  // an inherited "ignore" would reap our children behind our back
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGQUIT);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_SETMASK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool watch_daemon(struct run *run) {
  run->daemon = (int)syscall(SYS_pidfd_open, run->options->parent, 0);
  // Still our parent after the descriptor was opened, so the descriptor is the daemon's and no successor's.
  return run->daemon >= 0 && getppid() == run->options->parent;
}

int supervise(const struct options *options) {
  struct run run = {.options = options, .record = {.run_id = options->run_id, .reason = "exited"}};
  if (syscall(SYS_close_range, 3u, ~0u, 0u) != 0) return failed("can't close inherited files", EXIT_SYSTEM);
  if (getsid(0) != getpid()) setsid();  // fails for the leader of a group, which is no child of a terminal's session
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return failed("can't become the reaper of its descendants", EXIT_SYSTEM);
  if (!watch_daemon(&run)) return EXIT_NOTHING_STARTED;
  run.directory = open(options->log_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (run.directory < 0) return failed("can't open the log directory", EXIT_LOGS_UNUSABLE);
  if (faccessat(run.directory, "exit.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return failed("the log directory already holds a run", EXIT_LOGS_UNUSABLE);
  }
  if (!open_output(&run.output, run.directory, options->message_bytes, options->message_line_bytes,
                   options->log_bytes))
    return failed(errno == EEXIST ? "the log directory already holds a run" : "can't create the log files",
                  EXIT_LOGS_UNUSABLE);
  run.signals = open_signals();
  if (run.signals < 0 || chdir("/") != 0) return failed("can't set itself up", EXIT_SYSTEM);

  if (!wait_for_go(&run)) return EXIT_NOTHING_STARTED;

  struct timespec wall_now;
  clock_gettime(CLOCK_REALTIME, &wall_now);
  run.record.started_at_ms = (int64_t)wall_now.tv_sec * 1000 + wall_now.tv_nsec / 1000000;
  run.started_us = monotonic_us();
  run.last_output_ms = monotonic_ms();
  uint64_t oom_kills = oom_kill_count();
  if (!start_tool(&run.tool, options)) return failed("can't start a process for the tool", EXIT_SYSTEM);
  watch(&run);

  run.record.wall_us = monotonic_us() - run.started_us;
  run.record.oom_kills = oom_kill_count() - oom_kills;
  if (read_start_error(&run.tool, run.record.error, sizeof run.record.error)) run.record.reason = "start_failed";
  if (run.output.lost_errno)
    snprintf(run.record.error, sizeof run.record.error, "%s", strerror(run.output.lost_errno));
  if (!write_record(run.directory, &run.record)) return failed("can't write exit.json", EXIT_RECORD_FAILED);
  return EXIT_RECORDED;
}
