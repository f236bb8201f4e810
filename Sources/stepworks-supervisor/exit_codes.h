// How the supervisor itself ends (sysexits where one fits). The tool's ending stands in exit.json.
#ifndef STEPWORKS_EXIT_CODES_H
#define STEPWORKS_EXIT_CODES_H

enum {
  EXIT_RECORDED = 0,          // the run is over, nothing of it is left, exit.json is written
  EXIT_USAGE = 64,            // wrong command line; nothing was started
  EXIT_SYSTEM = 71,           // a system call failed; nothing was started
  EXIT_LOGS_UNUSABLE = 73,    // the log files can't be created; nothing was started
  EXIT_RECORD_FAILED = 74,    // the run is over, nothing of it is left, but exit.json could not be written
  EXIT_NOTHING_STARTED = 75,  // the daemon died or took back its word before "go"
  EXIT_NOT_REAPED = 76,       // --reap: processes are left that do not die
};

#endif
