#include "orders.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "ending.h"

bool wait_for_go(const struct run *run) {
  for (;;) {
    struct pollfd polls[] = {
        {.fd = run->orders, .events = POLLIN},
        {.fd = run->daemon, .events = POLLIN},
        {.fd = run->signals, .events = POLLIN},
    };
    if (poll(polls, 3, -1) < 0) continue;
    if (polls[1].revents || polls[2].revents) return false;
    char order = 0;
    ssize_t count = read(run->orders, &order, 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    return count == 1 && order == 'g';
  }
}

// A pipe takes a line of PIPE_BUF bytes whole or not at all, so the supervisor never waits and keeps nothing back. One
// request is under way at a time, so a pipe without room belongs to a tool that does not read.
static void feed(struct run *run, const char *line, size_t length) {
  if (run->phase != RUNNING) return;
  run->is_resting = false;
  run->busy_since_ms = run->last_output_ms = monotonic_ms();
  ssize_t written = -1;
  if (length <= run->options->input_line_bytes && run->tool.standard_input >= 0)
    do written = write(run->tool.standard_input, line, length);
    while (written < 0 && errno == EINTR);
  if (written != (ssize_t)length) stop(run, "input_refused", run->options->grace_ms);
}

void read_order(struct run *run) {
  char order[1 + PIPE_BUF + 1];  // one more than is allowed shows what is too long
  ssize_t count = read(run->orders, order, sizeof order);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) {
    // The daemon keeps its end open as long as it lives.
    run->orders = -1;
    daemon_died(run);
    return;
  }
  switch (order[0]) {
    case 't': stop(run, "terminated", run->options->grace_ms); break;
    case 'l': feed(run, order + 1, (size_t)count - 1); break;
    case 'i': run->is_resting = true; break;
    case 'c':
      if (run->tool.standard_input >= 0) close(run->tool.standard_input);
      run->tool.standard_input = -1;
      break;
  }
}

// Never waits: when there is no room for another byte, the daemon has not read the earlier ones and will look anyway.
void ring(struct run *run) {
  struct pollfd bell = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (!run->output.has_news || poll(&bell, 1, 0) <= 0 || !(bell.revents & POLLOUT)) return;
  ssize_t ignored = write(STDOUT_FILENO, "\n", 1);
  (void)ignored;
  run->output.has_news = false;
}
