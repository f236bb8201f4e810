#include "affinity.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool read_number(const char **text, long *value) {
  if (!isdigit((unsigned char)**text)) return false;
  char *end;
  errno = 0;
  *value = strtol(*text, &end, 10);
  *text = end;
  return errno == 0 && *value < CPU_SETSIZE;
}

bool parse_processors(const char *text, cpu_set_t *processors) {
  CPU_ZERO(processors);
  for (;;) {
    long first, last;
    if (!read_number(&text, &first)) return false;
    last = first;
    if (*text == '-') {
      text++;
      if (!read_number(&text, &last) || last < first) return false;
    }
    for (long number = first; number <= last; number++) CPU_SET(number, processors);
    if (*text == '\0') return true;
    if (*text++ != ',') return false;
  }
}

bool use_processors(const cpu_set_t *processors) {
  if (sched_setaffinity(0, sizeof *processors, processors) != 0) return false;
  // The kernel passes over processors that are offline or not allowed here; the caller counts on all of them.
  cpu_set_t now;
  if (sched_getaffinity(0, sizeof now, &now) != 0) return false;
  if (CPU_EQUAL(&now, processors)) return true;
  errno = EINVAL;
  return false;
}
