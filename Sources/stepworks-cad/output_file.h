#pragma once

#include <string>

namespace stepworks {

/// Writes `bytes` to `path` (relative to the attempt directory) and to the disk. A symbolic link in
/// its place is not followed. A file that could not be written whole is removed.
/// Throws Failure (73, or 74 `no_space`).
void writeFile(const std::string& path, const std::string& bytes);

/// Reads a whole file back for checking. Throws Failure (70) when that fails.
std::string readBack(const std::string& path);

}  // namespace stepworks
