// What /proc says about processes, and signals that can't hit the wrong one.
#ifndef STEPWORKS_PROCESSES_H
#define STEPWORKS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
  pid_t pid, parent, group, session;
  char state;                      // as in /proc/PID/stat: Z is a zombie
  unsigned long long start_ticks;  // with the pid it names one process for ever
  bool chosen;
};

struct process_list {
  struct process *items;
  size_t count, capacity;
};

// All processes of the host; the list may be reused. False when they can't all be seen: what is not in the list is then
// no proof of anything.
bool scan_processes(struct process_list *list);

// Chooses every process below a chosen one, and every one in a session that a chosen process leads.
void choose_relatives(struct process_list *list);

bool is_zombie(const struct process *process);

// A descriptor that names exactly the process that was scanned, or -1 when it is gone.
int open_process(const struct process *process);

// Sends a signal to exactly the process that was scanned.
bool signal_process(const struct process *process, int signal_number);

// Signals every living descendant of this process; returns how many there were.
size_t signal_descendants(int signal_number);

// Living descendants of this process.
size_t count_descendants(void);

// SIGKILL to the direct children of this process and to their process groups.
void kill_children(void);

#endif
