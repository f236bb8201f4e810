// The tool's output as bounded files: protocol lines to messages.jsonl, everything else to tool.log.
#ifndef STEPWORKS_OUTPUT_H
#define STEPWORKS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
  int directory;
  int messages, log;
  uint64_t message_limit, line_limit, log_limit;
  uint64_t message_bytes;  // written to messages.jsonl
  uint64_t log_bytes;      // written to the current tool.log
  char *line;              // the protocol line being read
  size_t line_length, line_capacity;
  enum { LINE_START, IN_MESSAGE, IN_LOG_LINE, IN_DROPPED_LINE } state;
  bool has_news;        // messages.jsonl has grown since somebody last looked here
  bool limit_exceeded;  // too many protocol lines, or one too long
  int lost_errno;       // protocol lines could not be written
};

// Creates the files. False with errno when that fails; EEXIST says that the directory already holds a run.
bool open_output(struct output *output, int directory, uint64_t messages, uint64_t line, uint64_t log);

void take_standard_output(struct output *output, const char *bytes, size_t count);
void take_standard_error(struct output *output, const char *bytes, size_t count);

// Writes a last protocol line that has no end of line.
void finish_output(struct output *output);

// Writes everything or returns false with errno.
bool write_all(int file, const char *bytes, size_t count);

#endif
