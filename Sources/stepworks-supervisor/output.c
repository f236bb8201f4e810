#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char messages_name[] = "messages.jsonl", log_name[] = "tool.log", old_log_name[] = "tool.log.1";

bool write_all(int file, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

static int create(int directory, const char *name) {
  return openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
}

bool open_output(struct output *output, int directory, uint64_t messages, uint64_t line, uint64_t log) {
  *output = (struct output){
      .directory = directory, .message_limit = messages, .line_limit = line, .log_limit = log, .messages = -1};
  output->messages = create(directory, messages_name);
  if (output->messages < 0) return false;
  output->log = create(directory, log_name);
  return output->log >= 0;
}

// A full disk costs the log, not the run: what can't be written is dropped.
static void write_log(struct output *output, const char *bytes, size_t count) {
  uint64_t half = output->log_limit / 2;
  while (count > 0 && half > 0) {
    if (output->log_bytes >= half) {
      // The tail is what explains an end, so the older half goes.
      int fresh = -1;
      if (renameat(output->directory, log_name, output->directory, old_log_name) == 0)
        fresh = create(output->directory, log_name);
      if (fresh < 0) return;
      close(output->log);
      output->log = fresh;
      output->log_bytes = 0;
    }
    size_t part = count;
    if (part > half - output->log_bytes) part = (size_t)(half - output->log_bytes);
    write_all(output->log, bytes, part);
    output->log_bytes += part;
    bytes += part;
    count -= part;
  }
}

static void drop_line(struct output *output) {
  output->limit_exceeded = true;
  output->line_length = 0;
  output->state = IN_DROPPED_LINE;
}

static void keep_in_line(struct output *output, const char *bytes, size_t count) {
  if (output->line_length + count > output->line_limit) return drop_line(output);
  size_t needed = output->line_length + count + 1;  // room for the end of line
  if (needed > output->line_capacity) {
    size_t capacity = output->line_capacity ? output->line_capacity : 4096;
    while (capacity < needed) capacity *= 2;
    char *line = realloc(output->line, capacity);
    if (!line) return drop_line(output);
    output->line = line;
    output->line_capacity = capacity;
  }
  memcpy(output->line + output->line_length, bytes, count);
  output->line_length += count;
}

static void end_message(struct output *output) {
  output->line[output->line_length++] = '\n';
  if (output->message_bytes + output->line_length > output->message_limit) {
    drop_line(output);
    return;
  }
  // One write a line, so that whoever follows the file rarely sees half of one.
  if (!write_all(output->messages, output->line, output->line_length) && output->lost_errno == 0)
    output->lost_errno = errno;
  output->has_news = true;
  output->message_bytes += output->line_length;
  output->line_length = 0;
}

void take_standard_output(struct output *output, const char *bytes, size_t count) {
  while (count > 0) {
    if (output->state == LINE_START) output->state = *bytes == '{' ? IN_MESSAGE : IN_LOG_LINE;
    const char *end = memchr(bytes, '\n', count);
    size_t part = end ? (size_t)(end - bytes) : count;
    if (output->state == IN_MESSAGE) keep_in_line(output, bytes, part);
    if (output->state == IN_LOG_LINE) write_log(output, bytes, part + (end ? 1 : 0));
    if (end) {
      if (output->state == IN_MESSAGE) end_message(output);
      output->state = LINE_START;
      part++;
    }
    bytes += part;
    count -= part;
  }
}

void take_standard_error(struct output *output, const char *bytes, size_t count) { write_log(output, bytes, count); }

void finish_output(struct output *output) {
  if (output->state == IN_MESSAGE) end_message(output);
  output->state = LINE_START;
}
