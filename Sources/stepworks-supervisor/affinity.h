// The processors a tool may use. Set before it is executed, so that it counts its threads by them.
#ifndef STEPWORKS_AFFINITY_H
#define STEPWORKS_AFFINITY_H

#include <sched.h>
#include <stdbool.h>

// Reads a list such as "0,2-3". False when it is none, names no processor, or one beyond CPU_SETSIZE.
bool parse_processors(const char *text, cpu_set_t *processors);

// Binds the calling process to exactly these. False with errno; EINVAL when one of them is not there.
bool use_processors(const cpu_set_t *processors);

#endif
