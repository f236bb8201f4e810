// How a run ends: by itself, at a limit, by order, or with its daemon; always until no process of it is left.
#ifndef STEPWORKS_ENDING_H
#define STEPWORKS_ENDING_H

#include "run.h"

// Asks the tool to end; it is killed after the grace. Only the first reason counts.
void stop(struct run *run, const char *reason, int64_t grace_ms);

void kill_everything(struct run *run);

// No grace: nobody will use the output.
void daemon_died(struct run *run);

// Reaps what has died. False when no child is left: the proof that nothing of the run is, for whatever loses its parent
// becomes our child.
bool reap(struct run *run);

// Enforces what time and output decide; returns the milliseconds until the next such moment, as poll takes them.
int enforce(struct run *run);

#endif
