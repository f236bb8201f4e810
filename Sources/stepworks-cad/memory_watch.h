#pragma once

#include <string>

namespace stepworks {

/// True when the run came within 16 MiB of its address space limit; false when there is none. The
/// kernel swallows a failed allocation and leaves out the face or shape it was working on, or calls
/// the file broken, so what such a run says cannot be trusted.
bool memoryIsExhausted();

/// Call before a result is written. Throws Failure (70 `out_of_memory`) when memory is exhausted.
void refuseExhaustedMemory(const std::string& name);

}  // namespace stepworks
