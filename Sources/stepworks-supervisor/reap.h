#ifndef STEPWORKS_REAP_H
#define STEPWORKS_REAP_H

#include "options.h"

// Kills whatever is left of a run and reports it as one JSON line; returns this process's exit code.
int reap_run(const struct options *options);

#endif
