#include "memory_watch.h"

#include <sys/resource.h>

#include <cstdint>
#include <fstream>

#include "failure.h"

namespace stepworks {

namespace {

constexpr uint64_t kMarginBytes = 16 * 1024 * 1024;

/// Greatest size of the address space so far; 0 when the system does not tell.
uint64_t peakBytes() {
  std::ifstream status("/proc/self/status");
  std::string key;
  while (status >> key) {
    uint64_t kibibytes = 0;
    if (key == "VmPeak:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

bool memoryIsExhausted() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return peakBytes() + kMarginBytes >= limit.rlim_cur;
}

void refuseExhaustedMemory(const std::string& name) {
  if (!memoryIsExhausted()) return;
  throw outOfMemory(name + " needs more memory than the job may use; allow more.");
}

}  // namespace stepworks
