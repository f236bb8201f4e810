#include "protocol.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

namespace stepworks::protocol {

namespace {

int output = STDOUT_FILENO;
double lastFraction = -1;
std::string lastMessage;

}  // namespace

void claimStandardOutput() {
  const int copy = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return;
  output = copy;
  if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    // Standard error is closed: the kernel's text must go somewhere that is not the protocol.
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDOUT_FILENO);
  }
}

void line(const Json& value) {
  const std::string text = dump(value) + "\n";
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(output, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      // Nobody can be told any more; the exit status has to say it.
      const Failure failure = cannotWrite("standard output", errno);
      _exit(failure.exitCode);
    }
    done += static_cast<size_t>(n);
  }
}

void progress(double fraction, const std::string& message) {
  const double rounded = std::floor(fraction * 100) / 100;
  if (rounded <= lastFraction && message == lastMessage) return;
  if (rounded > lastFraction) lastFraction = rounded;
  lastMessage = message;
  line({{"progress", lastFraction}, {"message", message}});
}

void phase(const std::string& name) {
  static std::string current;
  if (name == current) return;
  current = name;
  line({{"phase", name}});
}

void warning(const std::string& message) { line({{"log", "warning"}, {"message", message}}); }

void result(const Json& value) { line({{"result", value}}); }

void error(const Failure& failure) {
  line({{"error", {{"class", failure.errorClass}, {"message", failure.sentence}}}});
}

int descriptor() { return output; }

}  // namespace stepworks::protocol
