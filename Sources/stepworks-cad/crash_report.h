#pragma once

#include <string>

namespace stepworks {

/// Makes a crash of the kernel speak: on SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT (`tool_crashed`)
/// and SIGXCPU (`timed_out`) one error line naming `fileName` is written before the process dies of
/// that same signal, so the parent still sees the signal. Works on an overflown stack.
void installCrashReport(const std::string& fileName);

}  // namespace stepworks
