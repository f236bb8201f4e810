#ifndef STEPWORKS_SUPERVISE_H
#define STEPWORKS_SUPERVISE_H

#include "options.h"

// Runs one tool from "go" to the proof that nothing of it is left; returns this process's exit code.
int supervise(const struct options *options);

#endif
