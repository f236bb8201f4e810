#include "processes.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool read_process(pid_t pid, struct process *process) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';

  // The name may hold anything, brackets included: the fields start after the last one.
  char *fields = strrchr(text, ')');
  if (!fields) return false;
  *process = (struct process){.pid = pid};
  int parent, group, session;
  int got = sscanf(fields + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                   &process->state, &parent, &group, &session, &process->start_ticks);
  process->parent = parent;
  process->group = group;
  process->session = session;
  return got == 5;
}

bool scan_processes(struct process_list *list) {
  list->count = 0;
  DIR *directory = opendir("/proc");
  if (!directory) return false;
  bool sees_itself = false;
  struct dirent *entry;
  while ((entry = readdir(directory))) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    if (list->count == list->capacity) {
      size_t capacity = list->capacity ? list->capacity * 2 : 256;
      struct process *items = realloc(list->items, capacity * sizeof *items);
      if (!items) {
        closedir(directory);
        return false;
      }
      list->items = items;
      list->capacity = capacity;
    }
    struct process *process = &list->items[list->count];
    if (!read_process((pid_t)atoi(entry->d_name), process)) continue;
    list->count++;
    sees_itself = sees_itself || process->pid == getpid();
  }
  closedir(directory);
  return sees_itself;
}

void choose_relatives(struct process_list *list) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (size_t i = 0; i < list->count; i++) {
      struct process *above = &list->items[i];
      if (!above->chosen) continue;
      for (size_t j = 0; j < list->count; j++) {
        struct process *below = &list->items[j];
        if (below->chosen || (below->parent != above->pid && below->session != above->pid)) continue;
        below->chosen = true;
        changed = true;
      }
    }
  }
}

bool is_zombie(const struct process *process) { return process->state == 'Z' || process->state == 'X'; }

int open_process(const struct process *process) {
  int descriptor = (int)syscall(SYS_pidfd_open, process->pid, 0);
  if (descriptor < 0) return -1;
  // The pid may have been reused between the scan and the opening; from here on it can't be any more.
  struct process now;
  if (read_process(process->pid, &now) && now.start_ticks == process->start_ticks) return descriptor;
  close(descriptor);
  return -1;
}

bool signal_process(const struct process *process, int signal_number) {
  int descriptor = open_process(process);
  if (descriptor < 0) return false;
  bool sent = syscall(SYS_pidfd_send_signal, descriptor, signal_number, NULL, 0) == 0;
  close(descriptor);
  return sent;
}

static size_t for_descendants(int signal_number) {
  struct process_list list = {0};
  scan_processes(&list);
  pid_t self = getpid();
  for (size_t i = 0; i < list.count; i++) list.items[i].chosen = list.items[i].parent == self;
  choose_relatives(&list);
  size_t living = 0;
  for (size_t i = 0; i < list.count; i++) {
    const struct process *process = &list.items[i];
    if (!process->chosen || is_zombie(process)) continue;
    living++;
    if (signal_number == 0) continue;
    signal_process(process, signal_number);
    // A stopped process would sleep through its grace.
    if (signal_number == SIGTERM) signal_process(process, SIGCONT);
  }
  free(list.items);
  return living;
}

size_t signal_descendants(int signal_number) { return for_descendants(signal_number); }

size_t count_descendants(void) { return for_descendants(0); }

void kill_children(void) {
  // Nobody but this process reaps its children, so their pids, and the groups they are in, can't be reused here.
  // The kernel signals a group in one step: a member can't fork its way out of it.
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {  // a kernel without this file
    signal_descendants(SIGKILL);
    return;
  }
  ssize_t length = read(file, text, sizeof text - 1);  // the rest comes in the next round
  close(file);
  if (length <= 0) return;
  text[length] = '\0';
  char *rest = text;
  for (;;) {
    char *end;
    long pid = strtol(rest, &end, 10);
    if (end == rest || *end != ' ') break;  // a number cut in two at the end of the text does not count
    rest = end;
    pid_t group = getpgid((pid_t)pid);
    if (group > 1 && group != getpgrp()) kill(-group, SIGKILL);
    kill((pid_t)pid, SIGKILL);
  }
}
