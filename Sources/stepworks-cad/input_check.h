#pragma once

#include <cstdint>
#include <string>

namespace stepworks {

/// What a look at the bytes told, before the kernel sees them.
struct InputFacts {
  uint64_t bytes = 0;
  bool hasByteOrderMark = false;  ///< a UTF-8 BOM the kernel would stumble over
};

/// Refuses at once what cannot be a whole STEP file: missing, unreadable, a directory, empty,
/// something else (named when recognisable), cut off. `name` is how sentences call the file.
/// Throws Failure (65 or 66).
/// Also refuses numbers of three-digit exponents (1.E400): no length is that long, and the kernel
/// computes with the infinity they become until it is killed; and entity numbers that are given
/// twice or beyond 32 bits, on which it crashes. Reads the file once.
InputFacts checkInput(const std::string& path, const std::string& name);

}  // namespace stepworks
