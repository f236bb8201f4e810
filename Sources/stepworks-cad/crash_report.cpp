#include "crash_report.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "json.h"
#include "protocol.h"

namespace stepworks {

namespace {

// Prepared beforehand: a signal handler may neither allocate nor format.
std::string crashLine;
std::string cpuLine;
constexpr size_t kStackBytes = 64 * 1024;

void report(int signal) {
  const std::string& text = signal == SIGXCPU ? cpuLine : crashLine;
  const ssize_t ignored = write(protocol::descriptor(), text.data(), text.size());
  (void)ignored;
  ::signal(signal, SIG_DFL);
  raise(signal);
}

std::string errorLine(const char* errorClass, const std::string& sentence) {
  return dump(Json{{"error", {{"class", errorClass}, {"message", sentence}}}}) + "\n";
}

}  // namespace

void installCrashReport(const std::string& fileName) {
  crashLine =
      errorLine("tool_crashed", fileName +
                                    " made the CAD kernel crash, so it is probably damaged; "
                                    "export it again from the CAD system.");
  cpuLine = errorLine(
      "timed_out", fileName + " used up the CPU time allowed for it; simplify it or allow more.");
  stack_t stack = {};
  stack.ss_sp = std::malloc(kStackBytes);
  stack.ss_size = kStackBytes;
  if (stack.ss_sp == nullptr) return;
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = report;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU}) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace stepworks
