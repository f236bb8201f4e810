#ifndef STEPWORKS_CLOCK_H
#define STEPWORKS_CLOCK_H

#include <stdint.h>
#include <time.h>

// Limits count on the clock that stops while the host is suspended: the tool is too.
static inline int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t monotonic_ms(void) { return monotonic_us() / 1000; }

#endif
