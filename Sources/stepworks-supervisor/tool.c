#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "affinity.h"

extern char **environ;

// SIGXCPU comes at the limit; a tool that survives it dies after this much more CPU time.
enum { CPU_SECONDS_AFTER_SIGXCPU = 5, OPEN_FILES = 1024, OPEN_FILES_AT_MOST = 65536 };

struct start_error {
  char stage[32];
  int number;
};

static _Noreturn void fail(int pipe, const char *stage) {
  struct start_error error = {.number = errno};
  snprintf(error.stage, sizeof error.stage, "%s", stage);
  ssize_t ignored = write(pipe, &error, sizeof error);
  (void)ignored;
  _exit(127);
}

static void limit(int pipe, int resource, rlim_t soft, rlim_t hard, const char *stage) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) fail(pipe, stage);
  // Only root may raise a hard limit; a stricter one that is already there holds.
  if (hard > now.rlim_max) hard = now.rlim_max;
  if (soft > hard) soft = hard;
  struct rlimit wanted = {.rlim_cur = soft, .rlim_max = hard};
  if (setrlimit(resource, &wanted) != 0) fail(pipe, stage);
}

static void set_limits(int pipe, const struct options *options) {
  limit(pipe, RLIMIT_CORE, 0, 0, "limit core size");
  limit(pipe, RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES_AT_MOST, "limit open files");
  if (options->file_size_bytes)
    limit(pipe, RLIMIT_FSIZE, options->file_size_bytes, options->file_size_bytes, "limit file size");
  if (options->cpu_seconds)
    limit(pipe, RLIMIT_CPU, options->cpu_seconds, options->cpu_seconds + CPU_SECONDS_AFTER_SIGXCPU, "limit CPU time");
  if (options->address_space_bytes)
    limit(pipe, RLIMIT_AS, options->address_space_bytes, options->address_space_bytes, "limit address space");
}

// When memory runs out the tool shall go, not its supervisor or the daemon.
static void prefer_as_victim(void) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  ssize_t ignored = write(file, "500", 3);
  (void)ignored;
  close(file);
}

// The child's ends of its pipes.
struct ends {
  int in, out, err, start_error;
};

static _Noreturn void become_tool(const struct options *options, const struct cgroup *cgroup, pid_t supervisor,
                                  struct ends ends) {
  int pipe = ends.start_error;
  if (setsid() < 0) fail(pipe, "setsid");
  // Reaches only this process; what it leaves behind is found by its environment.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != supervisor) _exit(127);
  // No set-user-id program may lift it out of reach of our signals.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(pipe, "prctl");
  prefer_as_victim();
  if (!cgroup_enter(cgroup)) fail(pipe, "enter the cgroup");
  if (options->has_processors && !use_processors(&options->processors)) fail(pipe, "set the processors");

  // By system call: glibc keeps two signals to itself and would leave them ignored if whoever started us ignored them.
  const unsigned long defaults[8] = {0};
  for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, defaults, NULL, NSIG / 8);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);

  int in = ends.in >= 0 ? ends.in : open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in < 0 || dup2(in, 0) < 0 || dup2(ends.out, 1) < 0 || dup2(ends.err, 2) < 0) fail(pipe, "standard streams");
  if (chdir(options->working_directory) != 0) fail(pipe, "chdir");
  set_limits(pipe, options);

  // Another process may still hold the file open for writing for a moment: it was just installed, or a child that
  // was forked meanwhile has not executed yet.
  for (int attempt = 0; attempt < 50; attempt++) {
    execve(options->command[0], options->command, environ);
    if (errno != ETXTBSY) break;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  fail(pipe, "execve");
}

bool start_tool(struct tool *tool, const struct options *options, const struct cgroup *cgroup) {
  int in[2] = {-1, -1}, out[2], err[2], start_error[2];
  if (options->input_line_bytes && pipe2(in, O_CLOEXEC)) return false;
  if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(start_error, O_CLOEXEC)) return false;
  pid_t supervisor = getpid();
  pid_t pid = fork();
  if (pid < 0) return false;
  if (pid == 0) become_tool(options, cgroup, supervisor, (struct ends){in[0], out[1], err[1], start_error[1]});
  if (in[0] >= 0) close(in[0]);
  close(out[1]);
  close(err[1]);
  close(start_error[1]);
  *tool = (struct tool){.pid = pid,
                        .standard_input = in[1],
                        .standard_output = out[0],
                        .standard_error = err[0],
                        .start_error = start_error[0]};
  if (in[1] >= 0) fcntl(tool->standard_input, F_SETFL, O_NONBLOCK);
  fcntl(tool->standard_output, F_SETFL, O_NONBLOCK);
  fcntl(tool->standard_error, F_SETFL, O_NONBLOCK);
  fcntl(tool->start_error, F_SETFL, O_NONBLOCK);
  return true;
}

bool read_start_error(const struct tool *tool, char *text, size_t size) {
  struct start_error error;
  if (read(tool->start_error, &error, sizeof error) != sizeof error) return false;
  snprintf(text, size, "%s: %s", error.stage, strerror(error.number));
  return true;
}
