// The line between daemon and supervisor. One read of standard input is one order; its first byte says which:
//
//   g          start the tool
//   t          end it
//   l LINE\n   a request: hand the line to the tool's standard input; the limits in time count from now
//   i          the tool has answered: the limits in time rest until the next request
//   c          close the tool's standard input
//
// Its closing, by the daemon or by the kernel when the daemon dies, kills everything.
#ifndef STEPWORKS_ORDERS_H
#define STEPWORKS_ORDERS_H

#include "run.h"

// True at "go"; false when the daemon is gone or has changed its mind.
bool wait_for_go(const struct run *run);

void read_order(struct run *run);

// Tells the daemon that messages.jsonl has grown, so that it need not look all the time.
void ring(struct run *run);

#endif
