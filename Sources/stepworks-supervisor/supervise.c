#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "ending.h"
#include "exit_codes.h"
#include "orders.h"

enum {
  READ_SIZE = 64 * 1024,
  READS_A_TURN = 4,  // so that a flood of output can't keep signals and deadlines waiting
};

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

static void watch(struct run *run) {
  while (reap(run)) {
    int timeout = enforce(run);
    struct pollfd polls[] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->daemon, .events = POLLIN},
        {.fd = run->orders, .events = POLLIN},
        {.fd = run->tool.standard_output, .events = POLLIN},
        {.fd = run->tool.standard_error, .events = POLLIN},
    };
    if (poll(polls, sizeof polls / sizeof polls[0], timeout) < 0) continue;
    if (polls[0].revents) read_signals(run);
    if (polls[1].revents) daemon_died(run);
    // What the tool has said before the next request is there before the daemon's next order.
    if (polls[3].revents) read_pipe(run, &run->tool.standard_output, take_standard_output);
    if (polls[4].revents) read_pipe(run, &run->tool.standard_error, take_standard_error);
    if (polls[2].revents) read_order(run);
    ring(run);
  }
  // All writers are dead, so what is in the pipes now is all there will be. A stranger that was handed a writing end
  // gets no more than this one look.
  read_pipe(run, &run->tool.standard_output, take_standard_output);
  read_pipe(run, &run->tool.standard_error, take_standard_error);
  finish_output(&run->output);
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

static void note_start(struct run *run) {
  struct timespec wall_now;
  clock_gettime(CLOCK_REALTIME, &wall_now);
  run->record.started_at_ms = (int64_t)wall_now.tv_sec * 1000 + wall_now.tv_nsec / 1000000;
  run->started_us = monotonic_us();
  run->busy_since_ms = run->last_output_ms = monotonic_ms();
}

static bool finish_record(struct run *run, uint64_t oom_kills_before) {
  struct record *record = &run->record;
  record->wall_us = monotonic_us() - run->started_us;
  record->oom_kills = oom_kill_count() - oom_kills_before;
  record->cgroup_oom_kills = cgroup_oom_kills(&run->cgroup);
  cgroup_remove(&run->cgroup);
  record->cgroup_error = run->cgroup.error;
  if (read_start_error(&run->tool, record->error, sizeof record->error)) record->reason = "start_failed";
  if (run->output.lost_errno) snprintf(record->error, sizeof record->error, "%s", strerror(run->output.lost_errno));
  return write_record(run->directory, record);
}

int supervise(const struct options *options) {
  struct run run = {
      .options = options, .orders = STDIN_FILENO, .record = {.run_id = options->run_id, .reason = "exited"}};
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

  note_start(&run);
  uint64_t oom_kills = oom_kill_count();
  cgroup_create(&run.cgroup, options->cgroup, options->memory_bytes);
  if (!start_tool(&run.tool, options, &run.cgroup)) {
    cgroup_remove(&run.cgroup);
    return failed("can't start a process for the tool", EXIT_SYSTEM);
  }
  watch(&run);
  if (!finish_record(&run, oom_kills)) return failed("can't write exit.json", EXIT_RECORD_FAILED);
  return EXIT_RECORDED;
}
